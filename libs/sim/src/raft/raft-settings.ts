import type { DurationMs, Prng, SizeBytes } from '@varve/base';

/** What a group is like, the same for all its peers. */
export interface RaftSettings {
  readonly voterCount: number;
  /** How many an operator adds at most. */
  readonly learnerCountMax: number;
  readonly clientCount: number;
  readonly tickMs: DurationMs;
  readonly electionTickCount: number;
  readonly heartbeatTickCount: number;
  readonly appendSizeBytesMax: SizeBytes;
  readonly inFlightCountMax: number;
  readonly inFlightSizeBytesMax: SizeBytes;
  readonly uncommittedSizeBytesMax: SizeBytes;
  readonly pendingReadCountMax: number;
  /** Applied since the last snapshot at which the next one is taken. */
  readonly snapshotEntryCount: number;
  /** Entries that stay in the log behind a snapshot. */
  readonly trailingEntryCount: number;
  /** A client asks for something this often. */
  readonly clientIntervalMsMax: DurationMs;
}

/** The longest time that a peer waits for a leader. */
export function electionTimeoutMsMax({ tickMs, electionTickCount }: RaftSettings): DurationMs {
  return 2 * tickMs * electionTickCount;
}

/** Heartbeats and elections as far apart as people have set them: from 2 of 9 to 1 of 20. */
const TIMERS = [
  { tickMs: 10, electionTickCount: 10, heartbeatTickCount: 3 },
  { tickMs: 10, electionTickCount: 10, heartbeatTickCount: 1 },
  { tickMs: 29, electionTickCount: 9, heartbeatTickCount: 2 },
  { tickMs: 5, electionTickCount: 20, heartbeatTickCount: 1 },
  { tickMs: 20, electionTickCount: 4, heartbeatTickCount: 1 },
];

/** Drawn so that small bounds are met, and the usual sizes of groups are met most. */
export function drawSettings(prng: Prng): RaftSettings {
  return {
    ...prng.pick(TIMERS),
    voterCount: prng.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]),
    learnerCountMax: prng.pick([0, 1, 2]),
    clientCount: prng.between(2, 6),
    appendSizeBytesMax: prng.pick([60, 150, 1_000]),
    inFlightCountMax: prng.pick([1, 3, 8]),
    inFlightSizeBytesMax: prng.pick([200, 2_000]),
    uncommittedSizeBytesMax: prng.pick([200, 2_000]),
    pendingReadCountMax: prng.pick([2, 16]),
    snapshotEntryCount: prng.pick([20, 20, 40, 100, 200]),
    trailingEntryCount: prng.pick([0, 5, 30]),
    clientIntervalMsMax: prng.pick([15, 50, 150]),
  };
}

/** Of runs that show one thing. */
export const PLAIN_SETTINGS: RaftSettings = {
  tickMs: 10,
  electionTickCount: 10,
  heartbeatTickCount: 2,
  voterCount: 3,
  learnerCountMax: 0,
  clientCount: 3,
  appendSizeBytesMax: 1_000,
  inFlightCountMax: 8,
  inFlightSizeBytesMax: 10_000,
  uncommittedSizeBytesMax: 10_000,
  pendingReadCountMax: 16,
  snapshotEntryCount: 50,
  trailingEntryCount: 5,
  clientIntervalMsMax: 40,
};
