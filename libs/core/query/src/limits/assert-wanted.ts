import { DbError } from '@varve/base';

/** For between two pieces of work: its client has left, it was killed, or its time is over. @throws DbError QUERY_INTERRUPTED with InfluxDB's text */
export function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new DbError('QUERY_INTERRUPTED', 'query interrupted');
}
