import type { DurationMs } from '@varve/base';
import type { Log, Metrics } from '@varve/ports';
import type { Raft } from '@varve/raft';
import { metrics as names } from '@varve/telemetry';

/** Between two lines of the log that say that ticks come late. */
const SAY_EVERY_MS: DurationMs = 10_000;

/** What of Raft is measured. */
type MeasuredRaft = Pick<Raft, 'term' | 'leaderId' | 'appliedIndex' | 'lastIndex' | 'compactedIndex' | 'logSizeBytes' | 'followers'>;

/** What is measured of a peer and, while it leads, of its followers. */
export class PeerFigures {
  readonly #ports: { readonly metrics: Metrics; readonly log: Log };
  readonly #raft: MeasuredRaft;
  readonly #lateMs: DurationMs;
  /** The last one that was known. */
  #leaderId = 0;
  /** Those whose lag is shown. */
  #followers: ReadonlySet<number> = new Set();
  #late = { tickCount: 0, worstMs: 0 };
  #saidMs = -Infinity;

  constructor(ports: { readonly metrics: Metrics; readonly log: Log }, { raft, heartbeatIntervalMs }: { readonly raft: MeasuredRaft; readonly heartbeatIntervalMs: DurationMs }) {
    this.#ports = ports;
    this.#raft = raft;
    this.#lateMs = heartbeatIntervalMs / 2;
  }

  ofPeer(): void {
    const { metrics } = this.#ports;
    const { term, appliedIndex, lastIndex, compactedIndex, logSizeBytes, leaderId } = this.#raft;
    metrics.set(names.raftTerm, term);
    metrics.set(names.raftAppliedIndex, appliedIndex);
    metrics.set(names.raftLogLength, lastIndex - compactedIndex);
    metrics.set(names.raftLogSize, logSizeBytes);
    if (leaderId === 0 || leaderId === this.#leaderId) return;
    this.#leaderId = leaderId;
    metrics.add(names.raftLeaderChanges, 1);
  }

  /** Of nobody when it does not lead, or not any more (O6). */
  ofFollowers(): void {
    const { metrics } = this.#ports;
    const { lastIndex } = this.#raft;
    const followers = this.#raft.followers();
    for (const { id, matchIndex } of followers) metrics.set(names.raftFollowerLag, lastIndex - matchIndex, { peer: String(id) });
    const now = new Set(followers.map(({ id }) => id));
    for (const peer of this.#followers) if (!now.has(peer)) metrics.remove(names.raftFollowerLag, { peer: String(peer) });
    this.#followers = now;
  }

  /** A tick has come so late. Heartbeats were late as well, and messages were not read meanwhile. */
  ofTick(lateMs: DurationMs, nowMs: number): void {
    const { metrics, log } = this.#ports;
    metrics.observe(names.raftTickDelay, lateMs / 1_000);
    if (lateMs <= this.#lateMs) return;
    metrics.add(names.raftTicksLate, 1);
    this.#late = { tickCount: this.#late.tickCount + 1, worstMs: Math.max(this.#late.worstMs, lateMs) };
    if (nowMs - this.#saidMs < SAY_EVERY_MS) return;
    log.warn('The meta node ticks late: its event loop is busy, or the process stood still', this.#late);
    this.#saidMs = nowMs;
    this.#late = { tickCount: 0, worstMs: 0 };
  }
}
