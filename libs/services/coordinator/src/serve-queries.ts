import { DbError } from '@varve/base';
import { serve } from '@varve/kit';
import type { Bus, Log, Subscription } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import type { QueryFacts, RunningQueries } from './running-queries.ts';

/** Far below what the bus carries; the oldest queries that fit are told. */
const ANSWER_LENGTH_MAX = 128 * 1024;

/** Tells other coordinators which queries run on the one of this name, and ends those that they want ended. */
export function serveQueries(ports: { readonly bus: Bus; readonly log: Log }, at: { readonly subjects: Subjects; readonly name: string }, queries: RunningQueries): readonly Subscription[] {
  const { subjects, name } = at;
  return [
    serve(ports, { subject: subjects.coordinatorQueries(name), askedKind: 'coordinatorQueries', answerKind: 'coordinatorQueriesAre' }, async ({ header }) => {
      const answer = { queryCount: queries.size, roomCount: queries.roomCount };
      return header.isCount === true ? { header: answer } : { header: answer, payload: encodeQueries(queries.list()) };
    }),
    serve(ports, { subject: subjects.coordinatorKill(name), askedKind: 'coordinatorKill', answerKind: 'coordinatorKilled' }, async ({ header }) => ({
      header: { isKilled: queries.kill(header.query) },
    })),
  ];
}

/** The first ones, as many as fit. */
function encodeQueries(all: readonly QueryFacts[]): Uint8Array {
  let length = 0;
  const fitting = all.filter((each) => (length += JSON.stringify(each).length) <= ANSWER_LENGTH_MAX);
  return new TextEncoder().encode(JSON.stringify(fitting));
}

/** What a coordinator has answered. @throws DbError MESSAGE_INVALID */
export function decodeQueries(payload: Uint8Array): readonly QueryFacts[] {
  try {
    return JSON.parse(new TextDecoder().decode(payload)) as QueryFacts[];
  } catch (cause) {
    throw new DbError('MESSAGE_INVALID', 'queries that are not JSON', {}, { cause });
  }
}
