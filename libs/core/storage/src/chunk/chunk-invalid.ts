import { DbError } from '@varve/base';

/** What is thrown for bytes that no encoder of this room has written. */
export function chunkInvalid(message: string, facts: Readonly<Record<string, unknown>> = {}, cause?: unknown): DbError {
  return new DbError('CHUNK_INVALID', message, facts, { cause });
}

/** Runs a decoder; bytes that end early or hold no number are CHUNK_INVALID too. */
export function decodingChunk<Value>(part: string, decode: () => Value): Value {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DbError) || error.code !== 'MESSAGE_INVALID') throw error;
    throw chunkInvalid(`${part} of a chunk: ${error.message}`, error.facts, error);
  }
}

/** What is thrown says which chunk it is, as its fact `chunkId`. */
export function namingChunk<Value>(chunkId: number, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    throw new DbError(error.code, error.message, { ...error.facts, chunkId }, { cause: error });
  }
}
