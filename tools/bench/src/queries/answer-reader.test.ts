import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { AnswerReader, type ReadAnswer } from './answer-reader.ts';

const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello';
const IN_CHUNKS =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;name=value\r\n \r\nworld\r\n\r\n0\r\nTrailer: 1\r\n\r\n';
const EMPTY = 'HTTP/1.1 204 No Content\r\nRequest-Id: 1\r\n\r\n';

/** In pieces of so many bytes; what comes back with which piece. */
function read(reader: AnswerReader, text: string, size: number): (ReadAnswer | undefined)[] {
  const bytes = Buffer.from(text, 'latin1');
  const answers: (ReadAnswer | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += size) answers.push(reader.push(bytes.subarray(at, at + size)));
  return answers;
}

test('answers with a length, in chunks and without a body are whole with their last byte, however they are cut', () => {
  const reader = new AnswerReader();
  for (const size of [1, 2, 3, 7, 1_000])
    for (const [text, status, start] of [
      [WITH_LENGTH, 200, 'hello'],
      [IN_CHUNKS, 200, 'hello \r\nworld\r\n'],
      [EMPTY, 204, ''],
    ] as const) {
      const answers = read(reader, text, size);
      expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
      expect(answers.at(-1)).toEqual({ status, start, bodySizeBytes: start.length });
    }
});

test('of a long body only the start is kept', () => {
  const body = 'x'.repeat(100_000);
  const answer = read(new AnswerReader(), `HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n${body}`, 1_500).at(-1);
  expect(answer).toEqual({ status: 500, bodySizeBytes: 100_000, start: 'x'.repeat(256) });
});

test('of a packed body the start is unpacked, as far as the first bytes say it', () => {
  const refused = gzipSync('{"results":[{"statement_id":0,"error":"no"}]}');
  const long = gzipSync(Array.from({ length: 20_000 }, (_, index) => String((index * 7_919) % 10_007)).join(','));
  const head = (body: Buffer): string => `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  const reader = new AnswerReader();
  for (const [body, start] of [[refused, /^\{"results":\[\{"statement_id":0,"error":"no"\}\]\}$/], [long, /^0,7919,5831,/], [gzipSync(''), /^$/]] as const)
    for (const size of [7, 100_000]) {
      const answer = read(reader, head(body) + body.toString('latin1'), size).at(-1);
      expect(answer).toMatchObject({ status: 200, bodySizeBytes: body.length });
      expect(answer!.start).toMatch(start);
    }
  expect(() => read(new AnswerReader(), `${head(Buffer.from('hello'))}hello`, 1_000)).toThrow('incorrect header check');
});

test('what is no answer is an error', () => {
  const refuse = (text: string, message: string): void =>
    expect(() => read(new AnswerReader(), text, 1_000)).toThrow(message);
  refuse('SSH-2.0-x\r\n\r\n', 'no answer: ssh-2.0-x');
  refuse('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx', 'says no length');
  refuse(`${WITH_LENGTH}!`, '1 bytes behind an answer');
  refuse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'no size of a chunk: zz');
  refuse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n', 'more than its size');
  refuse(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`, 'without an end of a line');
});
