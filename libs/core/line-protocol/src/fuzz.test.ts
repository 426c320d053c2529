import { Prng } from '@varve/base';
import type { PointBatch } from '@varve/model';
import { expect, test } from 'vitest';
import { formatPoint } from './format-point.ts';
import { parseLines, type ParsedLines } from './parse-lines.ts';
import { SeriesMemory } from './series-memory.ts';

// Methodology: a million mutated inputs, ten to a body. Once the exact reader gets all lines, once the plain reader what it can read:
// both must tell the same. What is accepted is printed and parsed again: it must be the same
// points. A crash or an endless loop fails the test by itself.
const SEED_COUNT = 10;
const INPUT_COUNT = 100_000;
const INPUTS_PER_BODY = 10;
const OPTIONS = { precision: 'n', nowNs: 1_700_000_000_000_000_000n } as const;
/** Without a series to recognize, every line is for the exact reader. */
const NO_MEMORY = new SeriesMemory(0);
const SEEDS = [
  'cpu,host=a,region=eu-west usage=1.5,idle=99i 1451606400000000000',
  'm,t\\ 1=a\\,b,u=\\= f\\=1="x \\"y\\" \\\\",g=t 12',
  'weather temperature=-82.7,note="a b,c=d",ok=false',
  '# comment\nm v=1e5,w=.5,x=-3. 1\n\nm v=2,v=3i -7',
  'a,b=c d="e\nf" 9\na,b=c d="g" 10\na,b=c d="h" 10',
].map((text) => [...Buffer.from(text)]);
const BARE_NEWLINE = /(^|[^\\])\n/;
const TELLING = [...Buffer.from(' ,="\\\n\t\0#-+.eEiutfTFnN0123456789'), 0x80, 0xc3, 0xe2, 0xff];

test.each(Array.from({ length: SEED_COUNT }, (_, seed) => seed))(
  'mutated bodies are read alike by both readers (seed %i)',
  (seed) => {
    const prng = new Prng(seed);
    const memory = new SeriesMemory(100_000);
    let acceptedCount = 0;
    for (let input = 0; input < INPUT_COUNT; input += INPUTS_PER_BODY) {
      const bytes = Array.from({ length: INPUTS_PER_BODY }, () => [...mutated(prng), 0x0a]).flat();
      const exact = parseLines(Uint8Array.from(bytes), OPTIONS, NO_MEMORY);
      const plain = parseLines(Uint8Array.from(bytes), OPTIONS, memory);
      const rows = rowsOf(exact.batch);
      const isSame = sameTexts(rows, rowsOf(plain.batch)) && sameTexts(complaintsOf(exact), complaintsOf(plain));
      if (!isSame)
        expect({ plain: rowsOf(plain.batch), ...plain }, Buffer.from(bytes).toString()).toEqual({
          plain: rows,
          ...exact,
        });
      if (isUnsayable(exact.batch)) continue;
      acceptedCount += rows.length;
      const again = parseLines(Buffer.from(rows.join('\n')), OPTIONS, memory);
      const rowsAgain = rowsOf(again.batch);
      if (!sameTexts(rows, rowsAgain)) expect(rowsAgain, Buffer.from(bytes).toString()).toEqual(rows);
    }
    expect(acceptedCount).toBeGreaterThan(INPUT_COUNT / 4);
  },
);

function mutated(prng: Prng): number[] {
  const bytes = [...prng.pick(SEEDS)];
  for (let count = prng.between(0, 4); count > 0; count -= 1) {
    const at = prng.between(0, bytes.length);
    const byte = prng.chance(0.9) ? prng.pick(TELLING) : prng.between(0, 255);
    switch (prng.between(0, 4)) {
      case 0:
        bytes.splice(at, 1);
        break;
      case 1:
        bytes.splice(at, 0, byte);
        break;
      case 2:
        bytes.splice(at, 1, byte);
        break;
      case 3:
        bytes.splice(at, prng.between(0, 10));
        break;
      default: {
        const from = prng.pick(SEEDS);
        const start = prng.between(0, from.length - 1);
        bytes.splice(at, prng.between(0, 10), ...from.slice(start, start + prng.between(1, 20)));
      }
    }
  }
  return bytes;
}

function rowsOf(batch: PointBatch): string[] {
  return batch.tables.flatMap((table) =>
    Array.from({ length: table.rowCount }, (_, row) => formatPoint(batch, table, row)),
  );
}

function complaintsOf({ errors, dropped }: ParsedLines): string[] {
  return [...errors.map(({ lineIndex, text }) => `${lineIndex} ${text}`), JSON.stringify(dropped) ?? ''];
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

/** A newline in a name, or a tab or zero byte in front of a field's, that no line can say in every place. */
function isUnsayable({ series, tables }: PointBatch): boolean {
  return (
    series.some(({ key }) => BARE_NEWLINE.test(key)) ||
    tables.some(({ columns }) => columns.some(({ name }) => BARE_NEWLINE.test(name) || /^[\t\0]/.test(name)))
  );
}
