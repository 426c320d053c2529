import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { decodeVector, decodeVectors, EMPTY_VECTOR, encodeVector, encodeVectors, withMutation, type MutationVector } from './mutation-vector.ts';

const SOME: MutationVector = [3, 1, 2, 7].reduce((vector, number) => withMutation(vector, 5, number), withMutation(EMPTY_VECTOR, 9, 4));

test('vectors read back as they were written', () => {
  expect(decodeVector(encodeVector(SOME))).toEqual(SOME);
  expect(decodeVector(encodeVector(EMPTY_VECTOR))).toEqual(EMPTY_VECTOR);
  expect(decodeVectors(encodeVectors([SOME, EMPTY_VECTOR, SOME]))).toEqual([SOME, EMPTY_VECTOR, SOME]);
  expect(decodeVectors(encodeVectors([]))).toEqual([]);
});

test('cut, damaged or forged bytes are refused or read, and allocate nothing', () => {
  const bytes = encodeVectors([SOME, SOME]);
  for (let size = 0; size < bytes.length; size += 1) expect(() => decodeVectors(bytes.slice(0, size)), `cut at ${size}`).toThrow(DbError);
  expect(() => decodeVectors(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f]))).toThrow(/a vector of \d+ parts in 0 bytes/);
  expect(() => decodeVector(new Uint8Array([1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]))).toThrow(DbError);
});
