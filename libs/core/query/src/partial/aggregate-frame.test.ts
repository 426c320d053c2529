import { ByteReader, ByteWriter } from '@varve/base';
import { expect, test } from 'vitest';
import { mergeStates } from './aggregate-frame.ts';

test('a state of a call that nobody asked for is refused', () => {
  const reader = new ByteReader(new ByteWriter().varint(2).varint(0).finish());
  const merger = { reset: () => undefined, merge: () => undefined, results: () => [] };
  expect(() => mergeStates(reader, [merger], 0n)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
});
