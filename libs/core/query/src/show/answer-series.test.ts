import { parseSeriesKey, type TagFilter } from '@varve/model';
import { expect, test } from 'vitest';
import { answerSeries, type IndexedSeries, type SeriesSource } from './answer-series.ts';
import { decodeSeriesPiece, decodeSeriesQuestion, encodeSeriesQuestion, type SeriesQuestion } from './series-question.ts';

const ALL = { kind: 'all' } as const;
const RANGE = { startNs: 0n, endNs: 10n };
const KEYS = ['m,h=a,r=x', 'm,h=b,r=x', 'm,h=c,r=x', 'm,h=d,r=y'];
const SERIES = KEYS.map((key, seriesId): IndexedSeries => ({ seriesId, key, tags: parseSeriesKey(key).tags }));

/** A shard that remembers which series were looked into. */
class Shard implements SeriesSource {
  readonly hasDeletes: boolean;
  readonly looked: string[] = [];
  readonly #withPoint: readonly string[];

  constructor({ hasDeletes = false, withPoint = KEYS }: { readonly hasDeletes?: boolean; readonly withPoint?: readonly string[] } = {}) {
    this.hasDeletes = hasDeletes;
    this.#withPoint = withPoint;
  }

  series(measurement: string, _filter: TagFilter): readonly IndexedSeries[] {
    return measurement === 'm' ? SERIES : [];
  }

  hasAny(measurement: string): boolean {
    return measurement === 'm';
  }

  tagKeys(): readonly string[] {
    return ['h', 'r'];
  }

  tagValues(_measurement: string, tagKey: string): readonly string[] {
    return SERIES.flatMap(({ tags }) => tags.filter(([key]) => key === tagKey).map(([, value]) => value));
  }

  hasPoint({ key }: IndexedSeries): Promise<boolean> {
    this.looked.push(key);
    return Promise.resolve(this.#withPoint.includes(key));
  }
}

async function answered(shard: Shard, question: SeriesQuestion): Promise<string[]> {
  const names: string[] = [];
  for await (const piece of answerSeries(question, shard)) names.push(...decodeSeriesPiece(piece, question.wants).map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)));
  return names.sort();
}

const valuesOf = (key: string): SeriesQuestion => ({ wants: 'tagValues', measurements: ['m'], filter: ALL, keyMatch: { operator: '=', key } });

test('SH2 a series is looked into only when it would add a name, and none when all names are there', async () => {
  const shard = new Shard();
  expect(await answered(shard, { ...valuesOf('r'), range: RANGE })).toEqual(['r=x', 'r=y']);
  expect(shard.looked).toEqual(['m,h=a,r=x', 'm,h=d,r=y']);
});

test('SH2 without a range the index answers, and series are looked into where something was deleted', async () => {
  const [shard, deleted] = [new Shard(), new Shard({ hasDeletes: true, withPoint: ['m,h=d,r=y'] })];
  expect([...new Set(await answered(shard, valuesOf('r')))]).toEqual(['r=x', 'r=y']);
  expect(shard.looked).toEqual([]);
  expect(await answered(deleted, valuesOf('r'))).toEqual(['r=y']);
  expect(await answered(deleted, { wants: 'tagKeys', measurements: ['m'], filter: ALL })).toEqual(['h', 'r']);
  expect(await answered(deleted, { wants: 'seriesKeys', measurements: ['m'], filter: ALL })).toEqual(['m,h=d,r=y']);
});

test('D4 a measurement is listed when a series of it lives', async () => {
  const measurementsOf = async (shard: Shard): Promise<string[]> => {
    const found: string[] = [];
    for await (const piece of answerSeries({ wants: 'measurements', measurements: ['m', 'n'], filter: ALL }, shard)) found.push(...decodeSeriesPiece(piece).map(({ measurement }) => measurement));
    return found;
  };
  const [shard, deleted, emptied] = [new Shard(), new Shard({ hasDeletes: true, withPoint: ['m,h=b,r=x'] }), new Shard({ hasDeletes: true, withPoint: [] })];
  expect([await measurementsOf(shard), await measurementsOf(deleted), await measurementsOf(emptied)]).toEqual([['m'], ['m'], []]);
  expect([shard.looked, deleted.looked]).toEqual([[], ['m,h=a,r=x', 'm,h=b,r=x']]);
});

test('SH6 a question comes out of its bytes as it went in, and only an old one looks like JSON to an old node', () => {
  const old: SeriesQuestion = { wants: 'seriesKeys', measurements: ['m'], filter: ALL };
  const questions: SeriesQuestion[] = [old, valuesOf('r'), { ...old, range: RANGE }, { ...old, nameFilter: { kind: 'match', key: '_name', operator: '=', value: 'm' } }, { ...old, wants: 'sketch' }];
  const asJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
  for (const question of questions) expect(decodeSeriesQuestion(encodeSeriesQuestion(question))).toEqual(question);
  expect(asJson(encodeSeriesQuestion(old))).toEqual(old);
  for (const question of questions.slice(1)) expect(() => asJson(encodeSeriesQuestion(question)), question.wants).toThrow(SyntaxError);
  expect(() => decodeSeriesQuestion(Uint8Array.of(3, 1))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
});
