import type { createMetaRaft } from '@varve/meta-raft-service';
import { subjectsOf } from '@varve/wire';
import { SimMetaGroup } from '../sim-meta-group.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { CatalogHistoryClient, type CatalogRead } from './catalog-clients.ts';
import { CATALOG_MODEL, withToldVersions, type CatalogInput, type CatalogOperation, type CatalogOutput } from './catalog-model.ts';
import { CatalogTroubles, type TroubleCounts } from './catalog-troubles.ts';
import { checkHistory, type Verdict } from './check-history.ts';
import { HistoryRecorder } from './history.ts';

const readLinearizable: CatalogRead = (follower) => follower.readLinearizable();

/** How to run a seed. */
export interface CatalogHistoryOptions {
  readonly seed: number;
  /** Three to five, if nothing else is said. */
  readonly clientCount?: number;
  /** By all clients together; a few more, when they do not share them evenly. */
  readonly operationCount?: number;
  /** How clients read; linearizably, if nothing else is said. */
  readonly read?: CatalogRead;
  /** The meta node: the real one, or one with a planted mistake. */
  readonly createService?: typeof createMetaRaft;
  /** Gets a line per event. */
  readonly onLine?: (line: string) => void;
}

/** What a seed came to. */
export interface CatalogHistoryRun {
  readonly history: readonly CatalogOperation[];
  readonly verdict: Verdict<CatalogInput, CatalogOutput>;
  readonly traceHash: string;
  readonly counts: CatalogHistoryCounts;
  /** Meta nodes that ended themselves, and why. */
  readonly problems: readonly string[];
}

/** What was done and what was in the way, for those who check that all of it happens. */
export interface CatalogHistoryCounts extends TroubleCounts {
  readonly ok: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly reads: number;
  readonly interruptedWrites: number;
}

const CLUSTER = 'sim';
const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 15, lossProbability: 0.02, duplicateProbability: 0.05, reorderProbability: 0.05 };
const CLIENT_COUNT_MIN = 3;
const CLIENT_COUNT_MAX = 5;
const OPERATION_COUNT = 48;
/** In proportion to the operations, so that most of them are done while something is wrong. */
const OPERATIONS_PER_TROUBLE = 4;
/** A run that is stuck is not waited for. */
const EVENT_COUNT_MAX = 1_000_000;
const PEER_COUNTS = [3, 3, 3, 5];

/**
 * A meta group whose nodes die, stand still, are cut off from each other and have slow disks, over a network that loses, repeats and
 * overtakes; clients that change and read the catalog, die, and live again. Then all is healed, somebody reads, and the history is
 * checked (docs/specs/linearizability.md, Z8–Z12).
 */
export async function runCatalogHistory(options: CatalogHistoryOptions): Promise<CatalogHistoryRun> {
  const { seed, operationCount = OPERATION_COUNT, read = readLinearizable, createService, onLine } = options;
  const scheduler = new SimScheduler({ seed, eventCountMax: EVENT_COUNT_MAX, ...(onLine && { onLine }) });
  const prng = scheduler.prngOf('catalog history');
  const network = new SimNetwork(scheduler, FAULTY);
  const group = new SimMetaGroup(scheduler, network, { peerCount: prng.pick(PEER_COUNTS), ...(createService && { createService }) });
  const clientCount = options.clientCount ?? prng.between(CLIENT_COUNT_MIN, CLIENT_COUNT_MAX);
  const clients = Array.from({ length: clientCount }, (_, number) => `client${number + 1}`);
  const recorder = new HistoryRecorder<CatalogInput, CatalogOutput>(() => scheduler.nowMs);
  const world = { scheduler, network, subjects: subjectsOf(CLUSTER), recorder, read };
  const troubles = new CatalogTroubles(scheduler, { network, group, clients });

  for (const peer of group.peers) void group.start(peer);
  let isOver = false;
  const eachCount = Math.ceil(operationCount / clientCount);
  const work = Promise.all(clients.map((name) => new CatalogHistoryClient(world, name).run(eachCount))).finally(() => (isOver = true));
  for (let round = 0; round * OPERATIONS_PER_TROUBLE < operationCount && !isOver; round += 1) await troubles.next();
  network.faults = CALM_NETWORK;
  await scheduler.runUntilSettled(work);
  await scheduler.runUntilSettled(new CatalogHistoryClient(world, 'last').readOnce());

  const history = recorder.operations;
  const counts = { ...troubles.counts, ...countsOf(history), interruptedWrites: interruptedCountOf(group) };
  return { history, verdict: checkHistory(CATALOG_MODEL, withToldVersions(history)), traceHash: scheduler.traceHash, counts, problems: group.fatal.map(String) };
}

function countsOf(history: readonly CatalogOperation[]): Pick<CatalogHistoryCounts, 'ok' | 'rejected' | 'unknown' | 'reads'> {
  const count = (isCounted: (operation: CatalogOperation) => boolean): number => history.filter(isCounted).length;
  return {
    ok: count(({ outcome }) => outcome.kind === 'ok'),
    rejected: count(({ outcome }) => outcome.kind === 'rejected'),
    unknown: count(({ outcome }) => outcome.kind === 'unknown'),
    reads: count(({ input }) => input.kind === 'read'),
  };
}

function interruptedCountOf({ disks }: SimMetaGroup): number {
  return [...disks.values()].reduce((count, { interruptedWrites }) => count + interruptedWrites.length, 0);
}
