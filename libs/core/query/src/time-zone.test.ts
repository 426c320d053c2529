import { expect, test } from 'vitest';
import { answerOf, type Answer } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Where 1.6.7 cuts a window in two, and later releases with an offset do not any more (influxdb issues 20238 and 25078).

const HOURS = Array.from({ length: 72 }, (_hour, hour) => `m v=${hour} ${1_698_451_800_000_000_000n + BigInt(hour) * 3_600_000_000_000n}`);
const POINTS = parseTestLines(HOURS.join('\n')); // ten past every hour from 2023-10-28T00:10:00Z on

async function rowsOf(query: string): Promise<readonly unknown[]> {
  const { series, error }: Answer = await answerOf(query, POINTS);
  expect(error, query).toBeUndefined();
  return series![0]!.values.map(([time, ...cells]) => [new Date(Number(time) / 1e6).toISOString(), ...cells]);
}

test('TZ2: hours that the clock shows twice are in one window of more than an hour', async () => {
  const range = `WHERE time >= '2023-10-29' AND time < '2023-10-29 06:00:00'`;
  const rows = [
    ['2023-10-28T22:00:00.000Z', 2, 23],
    ['2023-10-29T00:00:00.000Z', 3, 26], // 02:00 to 04:00
    ['2023-10-29T03:00:00.000Z', 2, 28],
  ];
  expect(await rowsOf(`SELECT count(v), max(v) FROM m ${range} GROUP BY time(2h) tz('Europe/Berlin')`)).toEqual(rows);
  expect(await rowsOf(`SELECT count(v), max(v) FROM m ${range} GROUP BY time(2h) ORDER BY time DESC tz('Europe/Berlin')`)).toEqual(rows.toReversed());
});

test('TZ2: days that begin at another hour begin there on both sides of a change', async () => {
  expect(await rowsOf(`SELECT count(v) FROM m WHERE time >= '2023-10-28 08:00:00' AND time < '2023-10-31 08:00:00' GROUP BY time(1d, 8h) tz('Europe/Berlin')`)).toEqual([
    ['2023-10-28T06:00:00.000Z', 25],
    ['2023-10-29T07:00:00.000Z', 24],
    ['2023-10-30T07:00:00.000Z', 17],
  ]);
});

test('TZ2: a bounded number of windows is counted as the place has them', async () => {
  const answer = await answerOf(`SELECT count(v) FROM m WHERE time >= '2023-10-28' AND time < '2023-10-31' GROUP BY time(1d) tz('Europe/Berlin')`, POINTS, { selectBucketCountMax: 2 });
  expect(answer).toEqual({ error: 'max-select-buckets limit exceeded: (3/2)' });
});

test('TF3, TZ2: what a transformation reads before the range is whole days of the place', async () => {
  const query = `SELECT difference(count(v)) FROM m WHERE time >= '2023-10-30' AND time < '2023-10-31' GROUP BY time(1d) tz('Europe/Berlin')`;
  expect(await rowsOf(query)).toEqual([['2023-10-29T23:00:00.000Z', 24 - 25]]);
});
