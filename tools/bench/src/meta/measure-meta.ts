import { ensureNatsServer } from '@varve/nats-adapter/server';
import { measureBigCatalog, type BigCatalogFigures } from './big-catalog.ts';
import { measureKills, measureTransfers, type KillFigures, type TransferFigures } from './failover.ts';
import { measureFollowerRestart, type RestartFigure } from './follower-restart.ts';
import { measureThroughput, type ThroughputFigure } from './throughput.ts';

const KILL_COUNT = 30;
const TRANSFER_COUNT = 20;
const RESTART_COUNT = 3;
const VOTER_COUNTS = [1, 3, 5] as const;
/** For peers whose messages take no longer than a millisecond. */
const LAN_FLAGS = ['--meta-heartbeat-interval', '50ms', '--meta-election-timeout', '300ms'];

/** What a meta group did in one run. */
export interface MetaFigures {
  readonly throughput: readonly ThroughputFigure[];
  readonly transfers: TransferFigures;
  /** With the timers that are the default, and with those for a LAN. */
  readonly kills: KillFigures;
  readonly lanKills: KillFigures;
  readonly restarts: readonly RestartFigure[];
  readonly bigCatalog: BigCatalogFigures;
}

/** Starts group after group, each of processes over a nats-server of its own, and measures from outside. */
export async function measureMeta(): Promise<MetaFigures> {
  if (ensureNatsServer((line) => process.stderr.write(`${line}\n`)) === undefined) throw new Error('a meta group needs nats-server');
  const throughput: ThroughputFigure[] = [];
  for (const voterCount of VOTER_COUNTS) throughput.push(await measureThroughput(voterCount));
  return {
    throughput,
    transfers: await measureTransfers(TRANSFER_COUNT),
    kills: await measureKills(KILL_COUNT, { label: 'kill -9 of the leader, default timers', flags: [] }),
    lanKills: await measureKills(KILL_COUNT, { label: 'kill -9 of the leader, timers for a LAN', flags: LAN_FLAGS }),
    restarts: await measureFollowerRestart(RESTART_COUNT),
    bigCatalog: await measureBigCatalog(),
  };
}
