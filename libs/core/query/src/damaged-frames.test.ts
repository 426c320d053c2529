import fc from 'fast-check';
import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

const POINTS = parseTestLines(Array.from({ length: 60 }, (_, index) => `m,host=h${index % 3} f=${index / 4},i=${index * 7}i,s="t${index % 5}" ${index * 3}`).join('\n'));

const columns = fc.constantFrom(
  ...['f, i, s', 'first(s)', 'last(f), mean(i)', 'max(i), s', 'mode(s)', 'median(f)', 'percentile(i, 90)', 'distinct(i)', 'top(f, 2)', 'bottom(i, host, 2)'],
  ...['integral(f)', 'spread(i), count(s)', 'stddev(f)', 'sample(i, 2)', 'sum(f)', 'derivative(mean(f))', 'sum_hll(i)'],
);
const tail = fc.constantFrom('', 'GROUP BY host', 'GROUP BY time(20ns)', 'GROUP BY host, time(50ns)');
/** Which bytes become what. */
const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 255 }))), { minLength: 1, maxLength: 3 });

test('a damaged frame is read as another one, or refused', async () => {
  await fc.assert(
    fc.asyncProperty(columns, tail, damage, async (names, grouped, changes) => {
      const damaged = (frame: Uint8Array): Uint8Array => {
        const bytes = frame.slice();
        for (const [place, value] of changes) bytes[Math.floor(place * bytes.length)] = value;
        return bytes;
      };
      const windowed = names.startsWith('derivative') && !grouped.includes('time') ? 'GROUP BY time(20ns)' : grouped;
      const text = `SELECT ${names} FROM m WHERE time >= 0 AND time < 200 ${names === 'f, i, s' && grouped.includes('time') ? '' : windowed}`;
      try {
        await answerOf(text, POINTS, { nowNs: 200n, damaged });
      } catch (error) {
        expect(error, text).toBeInstanceOf(DbError);
      }
    }),
    { numRuns: 5_000 },
  );
}, 60_000);
