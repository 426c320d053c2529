import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request } from '@varve/kit';
import type { NodeId, ShardId } from '@varve/model';
import type { DirtyMark, Random } from '@varve/ports';
import { isCovered, planPulls, unionOf, type PlannedPull } from '@varve/reconcile';
import type { HintLog } from './hint-log.ts';
import type { Survey, SurveyPorts } from './survey.ts';

/** Tells owners that lack frames of a shard to take them from another owner. X7: a bounded number at a time. */
export async function pullWhatIsMissing(ports: SurveyPorts & { readonly random: Random }, { catalog, shards }: Survey): Promise<void> {
  const pulls = shards.flatMap(({ id, vectors }) => planPulls(vectors, ports.random.uint32()).map((pull) => ({ shard: id, ...pull })));
  for (let first = 0; first < pulls.length; first += LIMITS.pullCountMax) {
    await Promise.all(pulls.slice(first, first + LIMITS.pullCountMax).map((pull) => tellToPull(ports, pull, catalog.version)));
  }
}

/** H7: what a mark stands for is there once its owner has all that the others have; a mark without its shard stands for nothing. */
export async function clearMarks(log: HintLog, { shards }: Survey, isOwner: (owner: NodeId, shard: ShardId) => boolean): Promise<void> {
  const isCleared = ({ owner, shard }: DirtyMark): boolean => {
    if (!isOwner(owner, shard)) return true;
    const found = shards.find(({ id }) => id === shard);
    const vector = found?.vectors.get(owner);
    return found !== undefined && vector !== undefined && found.isComplete && isCovered(unionOf([...found.vectors.values()]), vector);
  };
  await log.clear(log.marks.filter(isCleared));
}

/** One that fails is planned again by the next round. */
async function tellToPull({ bus, log, subjects }: SurveyPorts, { shard, owner, source }: PlannedPull & { readonly shard: ShardId }, version: number): Promise<void> {
  try {
    const to = { subject: subjects.dataPull(owner), timeoutMs: LIMITS.pullTimeoutMs, answerKind: 'dataPulled' } as const;
    const { header } = await request(bus, to, { kind: 'dataPull', header: { shard, source, version } });
    if (header.frameCount > 0) log.info('An owner took frames it had missed', { owner, shard, source, frameCount: header.frameCount });
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.debug('A pull failed; the next round plans it again', { owner, shard, source, code: error.code, reason: error.message });
  }
}
