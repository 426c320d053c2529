import { gunzipSync } from 'node:zlib';
import { DbError, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Clock } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import type { ByteBudget } from './byte-budget.ts';
import { isWhole, letGo } from './let-go.ts';
import { snappyDecode } from './snappy.ts';

/** A body takes its place in the budget from its first byte until it is released. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  /** Gives its memory back at once, not when the collector finds it: nobody may read `bytes` after it. */
  release(): void;
}

/** What all bodies share. */
export interface BodyBounds {
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

const GZIP_SIZE_BYTES_MIN = 18;
const CHUNK_SIZE_BYTES_MIN = 1_024;
/** As it was sent: less is unpacked and parsed in a moment. */
const LARGE_SIZE_BYTES = 64 * 1_024;

/**
 * Reads and unpacks a request's body, in bounded memory.
 * @throws DbError REQUEST_TOO_LARGE, REQUEST_INVALID (not gzip, a gzip bomb, cut off), WRITE_OVERLOADED (budget spent)
 */
export async function readBody(exchange: Exchange, bounds: BodyBounds, sizeBytesMax: SizeBytes): Promise<RequestBody> {
  const encoding = exchange.header('content-encoding') ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') throw refused(`unknown content encoding "${encoding}": use gzip or none`);
  return readUnpacked(exchange, bounds, sizeBytesMax, encoding === 'identity' ? undefined : unzipped);
}

/**
 * A body that is a block of snappy, whatever its headers say: Prometheus sends no other.
 * @throws DbError REQUEST_TOO_LARGE, REQUEST_INVALID, WRITE_OVERLOADED
 */
export function readSnappyBody(exchange: Exchange, bounds: BodyBounds, sizeBytesMax: SizeBytes): Promise<RequestBody> {
  return readUnpacked(exchange, bounds, sizeBytesMax, snappyDecode);
}

type Unpack = (packed: Uint8Array, sizeBytesMax: SizeBytes) => Uint8Array;

async function readUnpacked(exchange: Exchange, { budget, clock }: BodyBounds, sizeBytesMax: SizeBytes, unpack: Unpack | undefined): Promise<RequestBody> {
  const sent = await readSent(exchange, budget, sizeBytesMax);
  if (sent.bytes.length >= LARGE_SIZE_BYTES) await clock.turn('write');
  if (unpack === undefined) return sent;
  try {
    const bytes = unpack(sent.bytes, sizeBytesMax);
    budget.take(bytes.length);
    return bodyOf(bytes, budget);
  } finally {
    sent.release();
  }
}

async function readSent(exchange: Exchange, budget: ByteBudget, sizeBytesMax: SizeBytes): Promise<RequestBody> {
  const { request } = exchange;
  if (Number(exchange.header('content-length') ?? 0) > sizeBytesMax) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (sizeBytes + piece.length > sizeBytesMax) throw tooLarge();
      budget.take(piece.length);
      sizeBytes += piece.length;
      pieces.push(piece);
    }
    return bodyOf(joined(pieces, sizeBytes), budget);
  } catch (error) {
    budget.give(sizeBytes);
    // The rest goes nowhere, so that the client comes to read the answer.
    request.resume();
    if (error instanceof DbError) throw error;
    throw refused('the body of the request was cut off', error);
  }
}

/** A copy of our own: a piece may lie in a buffer that it shares with the next request. One that does not is let go. */
function joined(pieces: readonly Uint8Array[], sizeBytes: SizeBytes): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
    if (isWhole(piece)) letGo(piece);
  }
  return bytes;
}

function bodyOf(bytes: Uint8Array, budget: ByteBudget): RequestBody {
  const sizeBytes = bytes.length;
  return {
    bytes,
    release() {
      budget.give(sizeBytes);
      // Smaller buffers may be pieces of Node's pool, which is not ours to let go.
      if (sizeBytes > Buffer.poolSize) letGo(bytes);
    },
  };
}

/** At most `sizeBytesMax` are unpacked, whatever the sender says; what it says only sizes the first buffer. */
function unzipped(packed: Uint8Array, sizeBytesMax: SizeBytes): Uint8Array {
  if (packed.length < GZIP_SIZE_BYTES_MIN) throw refused('unexpected EOF');
  const saidBytes = new DataView(packed.buffer, packed.byteOffset + packed.length - 4).getUint32(0, true);
  const isLikely = saidBytes <= packed.length * LIMITS.gunzipRatioMax;
  try {
    const firstBytes = isLikely ? Math.min(saidBytes, sizeBytesMax) + 1 : 0;
    return gunzipSync(packed, { maxOutputLength: sizeBytesMax, chunkSize: Math.max(firstBytes, CHUNK_SIZE_BYTES_MIN) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw refused(gzipFault(code, message), error);
    if (isLikely && saidBytes > sizeBytesMax) throw tooLarge();
    throw refused(`gzip body refused: ${packed.length} bytes unpack to more than ${sizeBytesMax}`, error);
  }
}

/** Go's words for zlib's. */
function gzipFault(code: string | undefined, message: string): string {
  if (code === 'Z_BUF_ERROR') return 'unexpected EOF';
  if (message === 'incorrect header check') return 'gzip: invalid header';
  return message.endsWith(' check') ? 'gzip: invalid checksum' : `gzip: ${message}`;
}

function refused(text: string, cause?: unknown): DbError {
  return new DbError('REQUEST_INVALID', text, {}, { cause });
}

function tooLarge(): DbError {
  return new DbError('REQUEST_TOO_LARGE', 'Request Entity Too Large');
}
