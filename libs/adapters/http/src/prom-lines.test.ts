import fc from 'fast-check';
import { expect, test } from 'vitest';
import { promLines } from './prom-lines.ts';
import { snappyDecode } from './snappy.ts';
import type { PromSample, PromSeries } from './prom-messages.ts';
import { ProtobufWriter } from './protobuf.ts';
import { promWriteBody } from './testing/prom-client.ts';

const SIZE_MAX = 1_000_000;
const series = (labels: Readonly<Record<string, string>>, ...samples: readonly (readonly [value: number, timeMs: bigint])[]): PromSeries => ({
  labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
  samples: samples.map(([value, timeMs]): PromSample => ({ value, timeMs })),
});

const noTurn = async (): Promise<void> => undefined;
const read = (bytes: Uint8Array): ReturnType<typeof promLines> => promLines(bytes, SIZE_MAX, noTurn);

async function linesOf(all: readonly PromSeries[], sizeBytesMax = SIZE_MAX, turn = noTurn): Promise<{ readonly text: string; readonly refused: unknown }> {
  const { bytes, refused } = await promLines(snappyDecode(promWriteBody(all), SIZE_MAX), sizeBytesMax, turn);
  return { text: new TextDecoder().decode(bytes), refused };
}

test('E11: the name is the measurement and a tag, labels are tags, the value is a float', async () => {
  const check = async (each: PromSeries, text: string): Promise<void> => expect(await linesOf([each])).toEqual({ text, refused: undefined });
  await check(series({ __name__: 'up', job: 'a b,c=d', i: 'x:1' }, [1, 1_600_000_000_000n], [2.5, 5n]), 'up,__name__=up,job=a\\ b\\,c\\=d,i=x:1 value=1 1600000000000\nup,__name__=up,job=a\\ b\\,c\\=d,i=x:1 value=2.5 5\n');
  await check(series({ job: 'z' }, [-0, -5n]), 'prom_metric_not_specified,job=z value=-0 -5\n');
  await check(series({ __name__: 'm', e: '', p: 'C:\\dir' }, [1e21, 0n]), 'm,__name__=m,p=C:\\dir value=1e+21 0\n');
  await check(series({ __name__: 'm' }), '');
});

test('E11: NaN, stale markers and infinities are dropped without a word', async () => {
  const staleMarker = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0]!;
  expect(await linesOf([series({ __name__: 'm' }, [NaN, 1n], [Infinity, 2n], [-Infinity, 3n], [staleMarker, 4n], [7, 5n])])).toEqual({ text: 'm,__name__=m value=7 5\n', refused: undefined });
});

test('E11: a series that no key can say is refused, and the others are written', async () => {
  for (const labels of [{ a: 'x\ny' }, { a: 'C:\\' }, { a: 'x\\ y' }, { 'a\\': 'x' }, { '': 'x' }, { time: 'x' }, { __name__: '#m' }]) {
    const { text, refused } = await linesOf([series({ __name__: 'm', ...labels }, [1, 1n], [2, 2n]), series({ __name__: 'ok' }, [3, 3n])]);
    expect([text, refused], JSON.stringify(labels)).toEqual(['ok,__name__=ok value=3 3\n', { pointCount: 2, reason: expect.stringMatching(/^unable to write (label|metric) "/) as string }]);
  }
  const many = await linesOf(Array.from({ length: 1_000 }, () => series({ __name__: 'm', a: '\n' }, [1, 1n])));
  expect((many.refused as { reason: string }).reason.split('\n')).toHaveLength(100);
});

test('E11: labels that are repeated for many samples do not make more text than the limit', async () => {
  const long = series({ __name__: 'm', a: 'x'.repeat(1_000) }, ...Array.from({ length: 100 }, (_, at) => [at, BigInt(at)] as const));
  await expect(linesOf([long], 50_000)).rejects.toThrow(expect.objectContaining({ code: 'REQUEST_TOO_LARGE' }));
});

test('E11: bytes that are no message are refused, never read beyond', async () => {
  const check = async (hex: string, text: string): Promise<void> => expect(read(Buffer.from(hex, 'hex')), hex).rejects.toThrow(text);
  await check('ff', 'unexpected EOF');
  await check('0a056162', 'unexpected EOF');
  await check('0aff', 'unexpected EOF');
  await check('0affffffffffffffffff01', 'unexpected EOF');
  await check('0affffffffffffffffffffff', 'proto: integer overflow');
  await check('0801', 'proto: wrong wireType = 0');
  await check('0b', 'proto: wrong wireType = 3');
  await check('13', 'proto: illegal wireType 3');
  await check('00', 'proto: illegal tag 0');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      try {
        await read(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: 'DbError', code: 'REQUEST_INVALID' });
      }
    }),
  );
});

test('E11: fields of later versions are passed over', async () => {
  // Metadata (3), a varint (9), a fixed64 (10) and a fixed32 (11) around a series without samples.
  const { bytes } = await read(Buffer.from('1a02ffff48ac02510102030405060708' + '5d01020304' + '0a00', 'hex'));
  expect(bytes).toHaveLength(0);
});

test('E11: a long request gives others their turn, whatever it consists of', async () => {
  const turnsOf = async (request: Uint8Array): Promise<number> => {
    let turnCount = 0;
    await promLines(request, 10_000_000, async () => void (turnCount += 1));
    return turnCount;
  };
  const unpacked = (all: readonly PromSeries[]): Uint8Array => snappyDecode(promWriteBody(all), 10_000_000);
  expect(await turnsOf(unpacked(Array.from({ length: 10_000 }, () => series({ a: 'b' }, [1, 1n]))))).toBe(2);
  const long = series({ a: 'b' }, ...Array.from({ length: 40_000 }, (_, at) => [at, BigInt(at)] as const));
  expect(await turnsOf(unpacked([long, long]))).toBe(2);
  // Varints of a field that nobody knows.
  expect(await turnsOf(Buffer.from('4801'.repeat(40_000), 'hex'))).toBe(4);
});

test('E11: what is read at a stretch is bounded, however few bytes its parts have', async () => {
  const check = (request: ProtobufWriter, countMax: number): Promise<void> =>
    expect(read(request.out.take())).rejects.toThrow(expect.objectContaining({ code: 'REQUEST_INVALID', message: `proto: more than ${countMax} fields in one message` }));
  const nested = (...bytes: readonly Uint8Array[]): ProtobufWriter => {
    const writer = new ProtobufWriter();
    for (const each of bytes) writer.message(1, each);
    return writer;
  };
  // Empty samples, empty labels, and labels that are named over and over.
  await check(nested(Buffer.from('1200'.repeat(50_001), 'hex')), 50_000);
  await check(nested(Buffer.from('0a00'.repeat(50_001), 'hex')), 50_000);
  await check(nested(nested(Buffer.from('0a00'.repeat(17), 'hex')).out.take()), 16);
  const most = nested(Buffer.from('1200'.repeat(50_000), 'hex'));
  expect((await promLines(most.out.take(), 10_000_000, noTurn)).bytes).toHaveLength(50_000 * 'prom_metric_not_specified value=0 0\n'.length);
});
