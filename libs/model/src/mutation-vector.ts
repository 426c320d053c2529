import { assert, ByteReader, ByteWriter, DbError } from '@varve/base';
import type { IncarnationId } from './ids.ts';

/** Half-open intervals [first, end) of mutation numbers: ascending, disjoint, not touching. */
export type NumberIntervals = readonly (readonly [first: number, end: number])[];

/** What a replica has, per origin. Two replicas compare vectors, not data. A value: changing it makes a new one. */
export type MutationVector = ReadonlyMap<IncarnationId, NumberIntervals>;

/** What a replica that has nothing has. */
export const EMPTY_VECTOR: MutationVector = new Map();

/** Whether the replica has this mutation. */
export function hasMutation(vector: MutationVector, incarnation: IncarnationId, number: number): boolean {
  return (vector.get(incarnation) ?? []).some(([first, end]) => first <= number && number < end);
}

/** The vector with one more mutation. The same vector when it was there already. */
export function withMutation(vector: MutationVector, incarnation: IncarnationId, number: number): MutationVector {
  assert(Number.isSafeInteger(number) && number >= 1, `mutation number ${number} below 1`);
  if (hasMutation(vector, incarnation, number)) return vector;
  const next = new Map(vector);
  next.set(incarnation, insert(vector.get(incarnation) ?? [], number));
  return next;
}

function insert(intervals: NumberIntervals, number: number): NumberIntervals {
  const before = intervals.filter(([, end]) => end < number);
  const after = intervals.filter(([first]) => first > number + 1);
  const touching = intervals.filter(([first, end]) => end >= number && first <= number + 1);
  const first = Math.min(number, ...touching.map(([start]) => start));
  const end = Math.max(number + 1, ...touching.map(([, stop]) => stop));
  return [...before, [first, end], ...after];
}

/** Bytes: varint origin count; per origin varint incarnation, varint interval count, then varint first and length each. */
export function encodeVector(vector: MutationVector): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(vector.size);
  for (const [incarnation, intervals] of [...vector].sort(([left], [right]) => left - right)) {
    writer.varint(incarnation).varint(intervals.length);
    for (const [first, end] of intervals) writer.varint(first).varint(end - first);
  }
  return writer.finish();
}

/** Bytes: varint count, then each vector with its varint length before it. */
export function encodeVectors(vectors: readonly MutationVector[]): Uint8Array {
  const writer = new ByteWriter().varint(vectors.length);
  for (const vector of vectors) writer.block(encodeVector(vector));
  return writer.finish();
}

/** @throws DbError MESSAGE_INVALID when the bytes end early */
export function decodeVectors(bytes: Uint8Array): readonly MutationVector[] {
  const reader = new ByteReader(bytes);
  return Array.from({ length: countFrom(reader) }, () => decodeVector(reader.block()));
}

/** @throws DbError MESSAGE_INVALID when the bytes end early */
export function decodeVector(bytes: Uint8Array): MutationVector {
  const reader = new ByteReader(bytes);
  const vector = new Map<IncarnationId, NumberIntervals>();
  for (let origins = countFrom(reader); origins > 0; origins -= 1) {
    const incarnation = reader.varint();
    const intervals = Array.from({ length: countFrom(reader) }, () => {
      const first = reader.varint();
      return [first, first + reader.varint()] as const;
    });
    vector.set(incarnation, intervals);
  }
  return vector;
}

/** Each counted thing takes a byte at least: a forged count allocates nothing. */
function countFrom(reader: ByteReader): number {
  const count = reader.varint();
  if (count > reader.remaining) throw new DbError('MESSAGE_INVALID', `a vector of ${count} parts in ${reader.remaining} bytes`);
  return count;
}
