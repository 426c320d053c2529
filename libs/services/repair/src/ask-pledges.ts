import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request } from '@varve/kit';
import type { IncarnationId, ShardId } from '@varve/model';
import type { HeldPledge } from '@varve/reconcile';
import type { SurveyPorts } from './survey.ts';

/** Asks the holders of these incarnations for their pledges. Who does not answer is left out. */
export async function askPledges(ports: Pick<SurveyPorts, 'bus' | 'log' | 'subjects'>, incarnations: readonly IncarnationId[], shards: readonly ShardId[]): Promise<readonly HeldPledge[]> {
  const answers = await Promise.all(incarnations.map((incarnation) => pledgeOf(ports, incarnation, shards)));
  return answers.filter((each) => each !== undefined);
}

async function pledgeOf({ bus, log, subjects }: Pick<SurveyPorts, 'bus' | 'log' | 'subjects'>, incarnation: IncarnationId, shards: readonly ShardId[]): Promise<HeldPledge | undefined> {
  try {
    const to = { subject: subjects.pledge(incarnation), timeoutMs: LIMITS.vectorTimeoutMs, answerKind: 'coordinatorPledgeIs' } as const;
    const { header: { wallMs, counter, leasedMs, numbers } } = await request(bus, to, { kind: 'coordinatorPledge', header: { shards, wallMs: undefined, counter: undefined, version: undefined } });
    if (numbers.length !== shards.length) throw new DbError('MESSAGE_INVALID', `${numbers.length} numbers for ${shards.length} shards`);
    return { incarnation, version: { wallMs, counter, incarnation: 0 }, leasedMs, numbers: new Map(shards.map((shard, index) => [shard, numbers[index]!])) };
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.debug('The holder of an incarnation has not pledged', { incarnation, code: error.code, reason: error.message });
    return undefined;
  }
}
