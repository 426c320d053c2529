import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { encodeVoidFrame } from '@varve/frame';
import { request } from '@varve/kit';
import type { IncarnationId, MutationId, NodeId, ShardId } from '@varve/model';
import type { Metrics } from '@varve/ports';
import { holesOf } from '@varve/reconcile';
import { metrics as names } from '@varve/telemetry';
import type { Survey, SurveyPorts } from './survey.ts';

interface Void {
  readonly shard: ShardId;
  readonly owners: readonly NodeId[];
  readonly mutation: MutationId;
}

/**
 * Ends numbers of closed incarnations that no owner and no hint store has (X9–X13). Every one of them has answered with the
 * survey's catalog, so none takes such a frame from a coordinator any more.
 */
export async function voidNumbers(ports: SurveyPorts & { readonly metrics: Metrics }, survey: Survey): Promise<void> {
  const voids = voidsOf(survey);
  const ended = await Promise.all(voids.map((each) => isEnded(ports, each)));
  const endedCount = ended.filter(Boolean).length;
  if (voids.length === 0) return;
  ports.metrics.add(names.numbersVoided, voids.length);
  ports.log.info('Numbers that nobody holds were voided', { voidCount: voids.length, endedCount });
}

function voidsOf({ catalog, shards, held }: Survey): readonly Void[] {
  if (held === undefined) return [];
  const closed = [...catalog.incarnations.values()].filter(({ isOpen }) => !isOpen).map(({ id }) => id);
  const voids: Void[] = [];
  for (const { id: shard, owners, vectors, isComplete } of shards) {
    if (!isComplete) continue;
    const all = [...vectors.values(), ...held.flatMap((each) => each.get(shard) ?? [])];
    for (const incarnation of closed) {
      for (const number of numbersIn(holesOf(all, incarnation))) {
        if (voids.length === LIMITS.voidCountMax) return voids;
        voids.push({ shard, owners, mutation: { incarnation, shard, number } });
      }
    }
  }
  return voids;
}

function* numbersIn(intervals: ReturnType<typeof holesOf>): Generator<number> {
  for (const [first, end] of intervals) for (let number = first; number < end; number += 1) yield number;
}

/** X12: to all owners. One that does not take it gets it from another by reconciliation. */
async function isEnded({ bus, log, subjects }: SurveyPorts, { shard, owners, mutation }: Void): Promise<boolean> {
  const frame = encodeVoidFrame(shard, { mutation, version: versionOf(mutation.incarnation) });
  const taken = owners.map(async (owner) => {
    try {
      const to = { subject: subjects.dataWrite(owner), timeoutMs: LIMITS.hintAnswerTimeoutMs, answerKind: 'dataWritten' } as const;
      await request(bus, to, { kind: 'dataWrite', header: { shard, traceParent: undefined }, payload: frame });
      return true;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('An owner did not take a void', { owner, ...mutation, code: error.code, reason: error.message });
      return false;
    }
  });
  return (await Promise.all(taken)).every(Boolean);
}

/** X13: without rows no version matters; the same one everywhere makes the same bytes. */
function versionOf(incarnation: IncarnationId): { readonly wallMs: number; readonly counter: number; readonly incarnation: IncarnationId } {
  return { wallMs: 0, counter: 0, incarnation };
}
