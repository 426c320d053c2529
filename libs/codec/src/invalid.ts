import { DbError } from '@varve/base';

/** What a decoder throws when its bytes are not what an encoder wrote. */
export function invalid(what: string, facts: Readonly<Record<string, unknown>> = {}): DbError {
  return new DbError('CHUNK_INVALID', what, facts);
}

/** Runs a decoder; bytes that end early are CHUNK_INVALID too. */
export function decoding<Value>(what: string, decode: () => Value): Value {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DbError) || error.code !== 'MESSAGE_INVALID') throw error;
    throw new DbError('CHUNK_INVALID', `${what}: ${error.message}`, error.facts, { cause: error });
  }
}
