import { ByteReader, ByteWriter, DbError, type WallMs } from '@varve/base';
import type { CatalogCommand } from './catalog-command.ts';
import { decodeCommand, encodeCommand } from './command-codec.ts';

/** What one entry of the Raft log has changed of the catalog as followers hold it. */
export interface CatalogChange {
  /** Index of the entry. */
  readonly index: number;
  /** The catalog's clock after it. */
  readonly clockMs: WallMs;
  /** Absent when nothing but the clock has changed. */
  readonly command?: CatalogCommand | undefined;
}

/** What a follower of the catalog is given: the whole of it, what has changed, or both. */
export interface CatalogDelivery {
  /** The changes begin behind this log index. */
  readonly afterIndex: number;
  /** What the follower has then: the catalog as it is after this entry. */
  readonly index: number;
  /** Of the catalog at `index`: 32 bits. */
  readonly fingerprint: number;
  /** The packed catalog as it was at `afterIndex`; absent when there are changes only. */
  readonly whole?: Uint8Array | undefined;
  /** Encoded changes, one behind the other, in log order. */
  readonly changes: Uint8Array;
}

/** Format 1, of which there is no release, had the whole catalog as JSON. */
const DELIVERY_FORMAT = 2;
/** Format, three numbers and a length. */
const FIXED_SIZE_BYTES_MAX = 40;
const NOTHING = new Uint8Array(0);

/** Bytes: index (varint), clock (f64), then the command as JSON with its length; length 0 when there is none. */
export function encodeChange({ index, clockMs, command }: CatalogChange): Uint8Array {
  const writer = new ByteWriter().varint(index).f64(clockMs);
  return writer.block(command === undefined ? NOTHING : encodeCommand(command)).finish();
}

/** Reads changes that stand one behind the other. @throws DbError MESSAGE_INVALID */
export function decodeChanges(bytes: Uint8Array): CatalogChange[] {
  const changes: CatalogChange[] = [];
  for (const reader = new ByteReader(bytes); reader.remaining > 0; ) {
    const [index, clockMs, command] = [reader.varint(), reader.f64(), reader.block()];
    changes.push({ index, clockMs, command: command.length === 0 ? undefined : decodeCommand(command) });
  }
  return changes;
}

/** Bytes: format (u8), afterIndex, index (varints), fingerprint (u32), the packed catalog with its length, the changes to the end. */
export function encodeDelivery({ afterIndex, index, fingerprint, whole, changes }: CatalogDelivery): Uint8Array {
  const writer = new ByteWriter((whole?.length ?? 0) + changes.length + FIXED_SIZE_BYTES_MAX).u8(DELIVERY_FORMAT);
  writer.varint(afterIndex).varint(index).u32(fingerprint);
  return writer.block(whole ?? NOTHING).raw(changes).finish();
}

/** The catalog and the changes are views over the bytes. @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID */
export function decodeDelivery(bytes: Uint8Array): CatalogDelivery {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== DELIVERY_FORMAT) {
    throw new DbError('STORAGE_NEWER_FORMAT', `a delivery of the catalog has format ${format}, this node knows ${DELIVERY_FORMAT}`);
  }
  const at = { afterIndex: reader.varint(), index: reader.varint(), fingerprint: reader.u32() };
  const whole = reader.block();
  return { ...at, whole: whole.length === 0 ? undefined : whole, changes: reader.raw(reader.remaining) };
}
