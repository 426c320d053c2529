import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinNs, parseSeriesKey, valueAt, type FieldValue } from '@varve/model';
import { expect, test } from 'vitest';
import ratchet from './testdata/corpus-ratchet.json' with { type: 'json' };
import { parseLines, type ParsedLines } from './parse-lines.ts';
import type { Precision } from './precision.ts';
import { SeriesMemory } from './series-memory.ts';

// What the real InfluxDB 1.6.7 answered to thousands of bodies, compared with what the parser makes of them: status,
// error text, and the points that can be read back. Counts of passing cases may only rise; raise them in
// testdata/corpus-ratchet.json. The corpora stay outside of the repository.
const CORPORA = join(import.meta.dirname, '../../../../../shared/compat');
const NOW_NS = 1_700_000_000_123_456_789n;

interface RecordedPoint {
  readonly name: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, string | number | boolean])[];
  readonly time: number | 'server-now';
}

interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly points?: readonly RecordedPoint[];
}

interface DecodeCase {
  readonly key: string;
  readonly precision: string;
  readonly input?: string;
  readonly input_b64?: string;
  readonly influx_1_6_7: Answer;
}

interface PointCase {
  readonly test: string;
  readonly input?: string;
  readonly input_gen?: { readonly repeat: string; readonly count: number; readonly suffix: string };
  readonly precision?: Precision | '';
  readonly expect: 'ok' | 'error';
  readonly npoints?: number;
  readonly error?: string;
  readonly error_hassuffix?: string;
  readonly point?: {
    readonly name: string;
    readonly tags: readonly (readonly [string, string])[];
    readonly fields: Readonly<Record<string, readonly [string, string | number | boolean]>>;
    readonly time_ns: number;
  };
}

/** Where another answer than InfluxDB's is right. */
const ON_PURPOSE: readonly { readonly reason: string; readonly applies: (theirs: Answer, ours: Answer) => boolean }[] =
  [
    {
      reason:
        'InfluxDB answers 500 or crashes where its two passes over a line disagree, where it meets more than 100 tags of which some are equal, and where a new name is not UTF-8: we refuse the line, or read the name with U+FFFD',
      applies: ({ status }) => status === 0 || status === 500,
    },
    {
      reason:
        'a field that has two types in one body, and none yet, costs InfluxDB the whole body: we keep both columns, and placement keeps the first type',
      applies: ({ error }) => error === 'field type conflict',
    },
    {
      reason:
        'InfluxDB takes a field without a name when a tab stands in front of its `=`; no query can name it: we refuse the line',
      applies: (_, { error }) => error?.includes(': missing field key') ?? false,
    },
    {
      reason: 'recorded without the points of a partial write; asked again, the server shows them as we do',
      applies: (theirs, ours) =>
        theirs.points?.length === 0 && theirs.error !== undefined && theirs.error === ours.error,
    },
  ];
const PRECISIONS: Readonly<Record<string, Precision>> = { '1ns': 'n', '1µs': 'u', '1us': 'u', '1ms': 'ms', '1s': 's' };

test.skipIf(!existsSync(CORPORA))('recorded answers of InfluxDB 1.6.7 are our answers', () => {
  const cases: DecodeCase[] = JSON.parse(readFileSync(join(CORPORA, 'lp_v2_decode.json'), 'utf8'));
  const memory = new SeriesMemory();
  const failures: unknown[] = [];
  let onPurposeCount = 0;
  let passCount = 0;
  for (const each of cases) {
    const body = Buffer.from(each.input_b64 ?? each.input ?? '', each.input_b64 === undefined ? 'utf8' : 'base64');
    const ours = answerOf(parseLines(body, { precision: PRECISIONS[each.precision]!, nowNs: NOW_NS }, memory));
    const theirs = normalized(each.influx_1_6_7);
    if (JSON.stringify(ours) === JSON.stringify(theirs)) passCount += 1;
    else if (ON_PURPOSE.some(({ applies }) => applies(theirs, ours))) onPurposeCount += 1;
    else failures.push({ body: body.toString(), theirs, ours });
  }
  report('lp_v2_decode.json', { caseCount: cases.length, passCount, onPurposeCount, failures });
});

test.skipIf(!existsSync(CORPORA))('the cases of points.json parse as they should', () => {
  const { cases }: { cases: PointCase[] } = JSON.parse(readFileSync(join(CORPORA, 'points.json'), 'utf8'));
  const failures: unknown[] = [];
  let onPurposeCount = 0;
  for (const each of cases) {
    const { repeat = '', count = 0, suffix = '' } = each.input_gen ?? {};
    const input = each.input ?? repeat.repeat(count) + suffix;
    const parsed = parseLines(Buffer.from(input), { precision: each.precision || 'n', nowNs: NOW_NS });
    const problem = problemOf(each, parsed);
    // Values with `u` need a build of InfluxDB with unsigned integers; 1.6.7 refuses them as we do.
    if (problem !== undefined && input.endsWith('u')) onPurposeCount += 1;
    else if (problem !== undefined) failures.push({ input: input.slice(0, 200), problem });
  }
  report('points.json', {
    caseCount: cases.length,
    passCount: cases.length - failures.length - onPurposeCount,
    onPurposeCount,
    failures,
  });
});

function report(
  name: keyof typeof ratchet,
  counts: { caseCount: number; passCount: number; onPurposeCount: number; failures: readonly unknown[] },
): void {
  const { caseCount, passCount, onPurposeCount, failures } = counts;
  console.log(
    `${name}: ${passCount} of ${caseCount} as InfluxDB 1.6.7, ${onPurposeCount} different on purpose, ${failures.length} not`,
  );
  for (const failure of failures.slice(0, 8)) console.log(JSON.stringify(failure));
  expect(passCount, `${name}: fewer cases pass than before`).toBeGreaterThanOrEqual(ratchet[name].passCount);
  expect(failures.length, `${name}: more cases fail than before`).toBeLessThanOrEqual(ratchet[name].failCount);
}

/** What the gateway would answer, and what could be read back. */
function answerOf(parsed: ParsedLines): Answer {
  const { batch, errors, dropped } = parsed;
  const points = readBack(parsed);
  const texts = errors.map(({ text }) => text).join('\n');
  if (dropped !== undefined)
    return { status: 400, error: `partial write: ${dropped.reason} dropped=${dropped.pointCount}`, points };
  if (errors.length === 0) return { status: 204, points };
  return batch.rowCount === 0
    ? { status: 400, error: texts }
    : { status: 400, error: `partial write: ${texts} dropped=0`, points };
}

/** All points as a query would show them: one per series and time, later fields over earlier ones. */
function readBack({ batch }: ParsedLines): readonly RecordedPoint[] {
  const points = new Map<string, { key: string; timeNs: bigint; fields: Map<string, FieldValue> }>();
  for (const table of batch.tables) {
    for (let row = 0; row < table.rowCount; row += 1) {
      const { key } = batch.series[table.seriesIndexes[row]!]!;
      const timeNs = joinNs(table.times.ms[row]!, table.times.subNs[row]!);
      const id = `${key} ${timeNs}`;
      const point = points.get(id) ?? { key, timeNs, fields: new Map<string, FieldValue>() };
      points.set(id, point);
      for (const { name, column } of table.columns) {
        const value = valueAt(column, row);
        if (value !== undefined) point.fields.set(name, value);
      }
    }
  }
  return sortedPoints(
    [...points.values()].map(({ key, timeNs, fields }) => {
      const { measurement, tags } = parseSeriesKey(key);
      const shown = [...fields].map(
        ([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value] as const,
      );
      return { name: measurement, tags, fields: shown, time: isNear(timeNs) ? 'server-now' : Number(timeNs) };
    }),
  );
}

/** Lines without a time got the time of the request, cut to the precision. */
function isNear(timeNs: bigint): boolean {
  return timeNs <= NOW_NS && NOW_NS - timeNs < 3_600_000_000_000n;
}

function normalized({ status, error, points }: Answer): Answer {
  return {
    status,
    ...(error === undefined ? {} : { error }),
    ...(Array.isArray(points) ? { points: sortedPoints(points) } : {}),
  };
}

function sortedPoints(points: readonly RecordedPoint[]): readonly RecordedPoint[] {
  const byText = (left: unknown, right: unknown): number => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);
  return points
    .map(({ name, tags, fields, time }) => ({
      name,
      tags: [...tags].sort(byText),
      fields: [...fields].sort(byText),
      time,
    }))
    .sort(byText);
}

function problemOf(each: PointCase, parsed: ParsedLines): string | undefined {
  const { rowCount, tables } = parsed.batch;
  const text = parsed.errors.map((error) => error.text).join('\n');
  if (each.expect === 'error') {
    if (parsed.errorCount === 0) return 'accepted';
    if (each.error !== undefined && each.error !== text) return text;
    return each.error_hassuffix !== undefined && !text.endsWith(each.error_hassuffix) ? text : undefined;
  }
  if (parsed.errorCount > 0) return text;
  if (each.npoints !== undefined && each.npoints !== rowCount) return `${rowCount} points`;
  if (each.point === undefined) return undefined;
  const [got] = readBack(parsed);
  const expected = {
    name: each.point.name.replaceAll('\\=', '='),
    tags: each.point.tags.filter(([, value]) => value !== ''),
    fields: Object.entries(each.point.fields).map(([name, [, value]]) => [name, value] as const),
    time: each.point.time_ns === 0 && tables.length > 0 ? got!.time : each.point.time_ns,
  };
  const wanted = JSON.stringify(sortedPoints([expected])[0]);
  return JSON.stringify(got) === wanted ? undefined : `${JSON.stringify(got)} instead of ${wanted}`;
}
