import { DbError } from '@varve/base';

/** What a decoder throws when its bytes are not what an encoder wrote. */
export function invalid(what: string, facts: Readonly<Record<string, unknown>> = {}): DbError {
  return new DbError('CHUNK_INVALID', what, facts);
}
