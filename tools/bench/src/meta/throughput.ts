import { FEATURE_LEVEL, type CatalogCommand } from '@varve/model';
import { cpuMsOf } from '../footprint.ts';
import { startProgress } from '../progress.ts';
import { quantilesOf, type Quantiles } from '../quantiles.ts';
import { openGroup, type RunningGroup } from './running-group.ts';

const CLIENT_COUNT = 64;
const WARM_UP_COUNT = 2_000;
const PROPOSAL_COUNT = 20_000;

/** What a group took from clients that each propose again as soon as they have an answer. */
export interface ThroughputFigure {
  readonly voterCount: number;
  readonly perSecond: number;
  readonly latencyMs: Quantiles;
  /** For one proposal, on any core, of each kind of process: figures that a busy machine changes least. */
  readonly cpuMs: CpuFigure;
}

interface CpuFigure {
  readonly leader: number;
  /** Each. */
  readonly follower: number;
  readonly nats: number;
  /** The clients together. */
  readonly clients: number;
}

/** Every client labels a node of its own, over and over: each command is a new version of the catalog that others are told of. */
export async function measureThroughput(voterCount: number): Promise<ThroughputFigure> {
  const group = await openGroup(voterCount);
  try {
    const clients = await Promise.all(
      Array.from({ length: CLIENT_COUNT }, async (_, number) => {
        const client = group.openClient(`client ${number}`);
        const { result } = await client.propose({ kind: 'joinNode', role: 'data', name: `node ${number}`, featureLevel: FEATURE_LEVEL });
        if (result.kind !== 'applied') throw new Error(result.message);
        return { propose: (value: string) => client.propose(labelled(result.id!, value)) };
      }),
    );
    const rounds = async (count: number, onAnswer: (latencyMs: number) => void): Promise<void> => {
      let next = 0;
      await Promise.all(
        clients.map(async ({ propose }) => {
          while (next < count) {
            const startedMs = performance.now();
            await propose(String((next += 1)));
            onAnswer(performance.now() - startedMs);
          }
        }),
      );
    };
    await rounds(WARM_UP_COUNT, () => undefined);
    const progress = startProgress({ label: `${CLIENT_COUNT} clients, ${voterCount} voters`, total: PROPOSAL_COUNT, unit: 'proposals' });
    const latencies: number[] = [];
    const before = cpuTimesOf(group);
    const startedMs = performance.now();
    await rounds(PROPOSAL_COUNT, (latencyMs) => progress.at(latencies.push(latencyMs)));
    const elapsedMs = performance.now() - startedMs;
    const after = cpuTimesOf(group);
    progress.end();
    const cpuMs = perProposal(before, after, latencies.length);
    return { voterCount, perSecond: (latencies.length / elapsedMs) * 1_000, latencyMs: quantilesOf(latencies), cpuMs };
  } finally {
    await group.close();
  }
}

function labelled(node: number, value: string): CatalogCommand {
  return { kind: 'labelNode', node, labels: new Map([['round', value]]) };
}

function cpuTimesOf(group: RunningGroup): CpuFigure {
  const leader = group.leader()!;
  const followers = group.names.filter((name) => name !== leader).map((name) => cpuMsOf(group.pidOf(name)) ?? NaN);
  return {
    leader: cpuMsOf(group.pidOf(leader)) ?? NaN,
    follower: followers.reduce((sum, each) => sum + each, 0) / Math.max(1, followers.length),
    nats: cpuMsOf(group.natsPid) ?? NaN,
    clients: cpuMsOf(process.pid) ?? NaN,
  };
}

function perProposal(before: CpuFigure, after: CpuFigure, count: number): CpuFigure {
  const of = (kind: keyof CpuFigure): number => (after[kind] - before[kind]) / count;
  return { leader: of('leader'), follower: of('follower'), nats: of('nats'), clients: of('clients') };
}
