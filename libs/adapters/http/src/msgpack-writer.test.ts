import fc from 'fast-check';
import { splitNs } from '@varve/model';
import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { msgpackError, MsgpackWriter, type MsgpackWriterOptions } from './msgpack-writer.ts';
import { writeInteger, writeText, writeTime } from './msgpack-text.ts';
import { OutputBuffer } from './output-buffer.ts';
import { rows } from './testing/fake-gateway.ts';
import { readMsgpack } from './testing/read-msgpack.ts';

// Bytes in hex were answered by influxd 1.6.7 for the same data; where there are none, its writer's source says so.

const FLOATS = { cellTypes: ['float'] } as const;
const done = (statementId: number): ResultItem => ({ kind: 'done', statementId });

function written(items: readonly ResultItem[], options: Partial<MsgpackWriterOptions> = {}): Buffer {
  const out = new OutputBuffer();
  const writer = new MsgpackWriter(out, { epoch: undefined, chunkRowCount: undefined, ...options });
  for (const item of items) expect(writer.item(item)).toBe(true);
  writer.end();
  expect(writer.heldSizeBytes).toBe(0);
  return out.take();
}

const hexOf = (write: (out: OutputBuffer) => void): string => {
  const out = new OutputBuffer();
  write(out);
  return out.take().toString('hex');
};

test('E7: floats, integers of every size, texts, booleans and nulls, with exact times', () => {
  const tags = [['host', 'a']] as const;
  const columns = ['time', 'b', 'f', 'i', 's'];
  const values = [[1_000_000_001n, true, 1.5, 3, 'x'], [2_000_000_002n, false, 1e21, -70_000, 'y']] as const;
  const block = { ...rows(0, 'm', columns, values, { tags }), cellTypes: ['boolean', 'float', 'integer', 'string'] } as const;
  expect(written([block, done(0)]).toString('hex')).toBe(
    ['81a7726573756c74739182ac73746174656d656e745f696400a67365726965739184a46e616d65a16da47461677381a4686f7374a161a7636f6c756d6e7395a474696d65a162a166a169a173a676616c75657392',
      '95c70c05000000000000000100000001c3cb3ff800000000000003a178', '95c70c05000000000000000200000002c2cb444b1ae4d6e2ef50d2fffeee90a179'].join(''),
  );
});

test('E7: a unit makes integers of times; a whole float stays a float', () => {
  const block = { ...rows(0, 'm', ['time', 'f'], [[1_000_000_001n, 3], [2_000_000_002n, -0]]), ...FLOATS };
  expect(written([block, done(0)], { epoch: 'ms' }).toString('hex')).toBe(
    '81a7726573756c74739182ac73746174656d656e745f696400a67365726965739183a46e616d65a16da7636f6c756d6e7392a474696d65a166a676616c7565739292d103e8cb400800000000000092d107d0cb8000000000000000',
  );
});

test('E7: a list of texts is an array', () => {
  const row = ['autogen', 's', 'ALL', ['udp://h1.example:9093', 'http://h2.example:9093']];
  const block: ResultItem = { kind: 'rows', statementId: 0, name: 'a', tags: undefined, columns: ['retention_policy', 'name', 'mode', 'destinations'], times: undefined, cells: row.map((cell) => [cell]), rowCount: 1, isPartial: false };
  expect(written([block, done(0)]).toString('hex')).toContain(
    '94a76175746f67656ea173a3414c4c92b57564703a2f2f68312e6578616d706c653a39303933b6687474703a2f2f68322e6578616d706c653a39303933',
  );
});

test('E7: an error that is all there is stands alone, an empty result has no series, a warning is a message', () => {
  expect(msgpackError('ab').toString('hex')).toBe('81a56572726f72a26162');
  const items: readonly ResultItem[] = [
    ...[done(1), { kind: 'message', statementId: 2, level: 'warning', text: 'w' } as const, done(2)],
    ...[{ kind: 'error', statementId: 3, text: 'database not found: db' } as const, done(3)],
  ];
  expect(written(items).toString('hex')).toBe(
    ['81a7726573756c747393', '82ac73746174656d656e745f696401a673657269657390', '83ac73746174656d656e745f696402a86d657373616765739182a56c6576656ca77761726e696e67a474657874a177a673657269657390',
      '81a56572726f72b66461746162617365206e6f7420666f756e643a206462'].join(''),
  );
});

test('E7: a chunked answer is a sequence of objects that say whether their statement goes on', () => {
  const block = { ...rows(0, 'm', ['time', 'f'], [[1_000_000_001n, 1.5], [2_000_000_002n, 1e21], [3_000_000_003n, -0]]), ...FLOATS };
  expect(written([block, done(0), done(1)], { chunkRowCount: 2 }).toString('hex')).toBe(
    ['81a7726573756c74739183ac73746174656d656e745f696400a67365726965739184a46e616d65a16da7636f6c756d6e7392a474696d65a166a676616c75657392',
      '92c70c05000000000000000100000001cb3ff800000000000092c70c05000000000000000200000002cb444b1ae4d6e2ef50a77061727469616cc3a77061727469616cc3',
      '81a7726573756c74739182ac73746174656d656e745f696400a67365726965739183a46e616d65a16da7636f6c756d6e7392a474696d65a166a676616c75657391',
      '92c70c05000000000000000300000003cb8000000000000000', '81a7726573756c74739182ac73746174656d656e745f696401a673657269657390'].join(''),
  );
});

test('E7: a chunked answer of a SHOW has whole series, or the whole statement', () => {
  const block = (name: string, isPartial = false): ResultItem => ({ ...rows(0, name, ['key', 'value'], [['host', 'a'], ['host', 'b']], { isPartial }), whole: 'series' });
  // What 1.6.7 answered to SHOW TAG VALUES with chunk_size=1.
  expect(written([{ ...rows(0, 'n', ['key', 'value'], [['host', 'a'], ['host', 'b']]), whole: 'series' }, done(0)], { chunkRowCount: 1 }).toString('hex')).toBe(
    ['81a7726573756c74739182ac73746174656d656e745f696400a67365726965739183a46e616d65a16ea7636f6c756d6e7392a36b6579a576616c7565a676616c756573', '9292a4686f7374a16192a4686f7374a162'].join(''),
  );
  const values = [['host', 'a'], ['host', 'b']];
  const seriesOf = (name: string, cells = values): object => ({ name, columns: ['key', 'value'], values: cells });
  expect(readMsgpack(written([block('m', true), block('m'), block('n'), done(0)], { chunkRowCount: 1 }))).toEqual([
    { results: [{ statement_id: 0, series: [seriesOf('m', [...values, ...values])] }] },
    { results: [{ statement_id: 0, series: [seriesOf('n')] }] },
  ]);
  const whole = [block('m'), block('n')].map((item) => ({ ...item, whole: 'statement' }) as ResultItem);
  expect(readMsgpack(written([...whole, done(0)], { chunkRowCount: 1 }))).toEqual([{ results: [{ statement_id: 0, series: [seriesOf('m'), seriesOf('n')] }] }]);
});

test('E9: missing shards show in MessagePack as partial, with messages and an error', () => {
  const items: readonly ResultItem[] = [
    ...[rows(0, 'm', ['time', 'v'], [[1n, 1]]), { kind: 'message', statementId: 0, level: 'warning', text: 'shard 7' } as const],
    ...[{ kind: 'partial', statementId: 0, text: 'partial answer' } as const, done(0)],
  ];
  const missing = { statement_id: 0, messages: [{ level: 'warning', text: 'shard 7' }], partial: true, error: 'partial answer' };
  const series = [{ name: 'm', columns: ['time', 'v'], values: [[1n, 1]] }];
  expect(readMsgpack(written(items))).toEqual([{ results: [{ ...missing, series }] }]);
  expect(readMsgpack(written(items, { chunkRowCount: 10 }))).toEqual([{ results: [{ statement_id: 0, series }] }, { results: [{ ...missing, series: [] }] }]);
});

test('E7: integers take the forms of msgp at every boundary', () => {
  const check = (value: number | bigint, hex: string): void => expect(hexOf((out) => writeInteger(out, value)), String(value)).toBe(hex);
  check(0, '00');
  check(127, '7f');
  check(128, 'd10080');
  check(-1, 'ff');
  check(-32, 'e0');
  check(-33, 'd0df');
  check(-128, 'd080');
  check(-129, 'd1ff7f');
  check(32_767, 'd17fff');
  check(32_768, 'd200008000');
  check(-32_768, 'd18000');
  check(-32_769, 'd2ffff7fff');
  check(2_147_483_647, 'd27fffffff');
  check(2_147_483_648, 'd30000000080000000');
  check(-2_147_483_649, 'd3ffffffff7fffffff');
  check(9223372036854775807n, 'd37fffffffffffffff');
  check(-9223372036854775808n, 'd38000000000000000');
  check(1_000_000_000n, 'd23b9aca00');
  check(5n, '05');
});

test('E7: any text, time and integer reads back as itself', () => {
  const read = (write: (out: OutputBuffer) => void): unknown => readMsgpack(Buffer.from(hexOf(write), 'hex'))[0];
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => read((out) => writeText(out, text)) === text));
  expect(read((out) => writeText(out, 'x'.repeat(70_000)))).toBe('x'.repeat(70_000));
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const { ms, subNs } = splitNs(value);
      return read((out) => writeTime(out, ms, subNs)) === value && BigInt(read((out) => writeInteger(out, value)) as bigint) === value;
    }),
  );
});
