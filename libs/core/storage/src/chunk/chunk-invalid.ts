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
