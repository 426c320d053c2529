import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { FloatSum } from './float-sum.ts';

function sumOf(...parts: readonly (readonly number[])[]): FloatSum {
  const whole = new FloatSum();
  for (const values of parts) {
    const part = new FloatSum();
    part.addRange(Float64Array.from(values), 0, values.length);
    const writer = new ByteWriter();
    part.encode(writer);
    whole.merge(new ByteReader(writer.finish()));
  }
  return whole;
}

test('a sum is rounded once, however its values are ordered and spread', () => {
  expect([sumOf([0.1, 0.2, 0.3]), sumOf([0.3], [0.2, 0.1]), sumOf([0.2], [0.1], [0.3])].map(({ total }) => total)).toEqual([0.6, 0.6, 0.6]);
  expect([sumOf([1e100, 1, -1e100]), sumOf([1e100], [1], [-1e100])].map(({ total }) => total)).toEqual([1, 1]);
});

test('what the total lacks is the rest', () => {
  const sum = sumOf([1e16, 1]);
  expect([sum.total, sum.rest]).toEqual([1e16, 1]);
  const again = new FloatSum();
  again.addPair(sum.total, sum.rest);
  again.add(1);
  expect(again.total).toBe(1e16 + 2);
});

test('a sum beyond float64 is infinite', () => {
  expect(sumOf([1e308, 1e308]).total).toBe(Infinity);
});
