import { expect, test } from 'vitest';
import { Payload } from './payload.ts';

test('bytes are made when they are first asked for, and once', () => {
  const encoded: string[] = [];
  const codec = {
    encode: (text: string) => {
      encoded.push(text);
      return new TextEncoder().encode(text);
    },
    decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
  };
  const payload = new Payload(codec, 'a question');
  expect([payload.value, encoded]).toEqual(['a question', []]);
  expect(codec.decode(payload.bytes)).toBe('a question');
  expect(payload.bytes).toBe(payload.bytes);
  expect(encoded).toEqual(['a question']);
});
