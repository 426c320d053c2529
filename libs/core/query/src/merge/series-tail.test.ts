import { Prng } from '@varve/base';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import type { MergePlan } from '../plan/query-plan.ts';
import { RowGate } from './limit-rows.ts';
import type { RowBatch } from './row-batch.ts';
import { choosesFromTheEnd, SeriesTail, type SeriesLimits } from './series-tail.ts';

/** One row of a series such as `m a`, per number. */
function batch(series: string, ...ms: readonly number[]): RowBatch {
  const [measurement, host] = series.split(' ') as [string, string];
  return { group: { measurement, values: [host] }, times: { ms, subNs: ms.map(() => 0) }, inputs: [ms.map((each) => each / 2)] };
}

function shown(batches: Iterable<RowBatch>): readonly string[] {
  return Array.from(batches, ({ group, times }) => `${group.measurement} ${group.values[0]}: ${times.ms.join(' ')}`);
}

function limitsOf(limits: Partial<SeriesLimits>): SeriesLimits {
  return { limit: undefined, offset: 0, seriesLimit: 1, seriesOffset: 0, ...limits };
}

test('SL1: the first series of each measurement are chosen, though they come last', () => {
  const batches = [batch('n z', 9), batch('n y', 8), batch('m c', 3, 2), batch('m c', 1), batch('m b', 7), batch('m a', 6, 5), batch('m a', 4)];
  const check = (limits: Partial<SeriesLimits>, expected: readonly string[]): void => {
    // It does not matter what comes together.
    const [apart, together] = [new SeriesTail(limitsOf(limits), 100), new SeriesTail(limitsOf(limits), 100)];
    expect(shown([...batches.flatMap((each) => [...apart.pass([each], false)]), ...apart.pass([], true)])).toEqual(expected);
    expect(shown(together.pass(batches, true))).toEqual(expected);
  };
  check({}, ['n y: 8', 'm a: 6 5', 'm a: 4']);
  check({ seriesOffset: 1 }, ['n z: 9', 'm b: 7']);
  check({ seriesOffset: 2 }, ['m c: 3 2', 'm c: 1']);
  check({ seriesOffset: 3 }, []);
  check({ seriesLimit: 2, seriesOffset: 1, limit: 1 }, ['n z: 9', 'm c: 3', 'm b: 7']);
  check({ seriesLimit: 1e15, limit: 1, offset: 2 }, ['m c: 1', 'm a: 4']);
  // A series whose rows are all cut off is one of those that are counted.
  check({ seriesOffset: 1, offset: 1 }, []);
});

test('SL1: what is chosen is what a gate chooses of the same series in ascending order', () => {
  for (const seed of seeds(200)) {
    const prng = new Prng(seed);
    const series = ['m', 'n', 'o'].slice(0, prng.between(1, 3)).flatMap((measurement) => [...'abcdefgh'].slice(0, prng.between(1, 8)).map((host) => `${measurement} ${host}`));
    const batchesOf = series.map((each) => Array.from({ length: prng.between(1, 3) }, (_batch, index) => batch(each, index * 2, index * 2 + 1)));
    const limits = limitsOf({ seriesLimit: prng.between(1, 4), seriesOffset: prng.between(0, 4), limit: prng.pick([undefined, 1, 3]), offset: prng.between(0, 3) });
    const expected = series.map((_each, index) => index).toReversed().flatMap((wanted) => {
      const gate = new RowGate(limits, false);
      return batchesOf.map((each) => shown(gate.pass(each)))[wanted]!;
    });
    expect(shown(new SeriesTail(limits, 1_000).pass(batchesOf.toReversed().flat(), true)), `seed ${seed}`).toEqual(expected);
  }
});

test('SL2: no more is held than the series that may be chosen, cut as they are answered', () => {
  const series = Array.from({ length: 1_000 }, (_series, index) => batch(`m ${String(index).padStart(4, '0')}`, 1, 2, 3)).reverse();
  const limits = limitsOf({ seriesLimit: 2, seriesOffset: 1, limit: 2 });
  // Each of the three: one for itself, and two rows of a time and a value.
  expect(shown(new SeriesTail(limits, 15).pass(series, true))).toEqual(['m 0002: 1 2', 'm 0001: 1 2']);
  // Measurements do not add up.
  expect([...new SeriesTail(limits, 15).pass([batch('n c', 1, 2), batch('n b', 1, 2), batch('n a', 1, 2), ...series], true)]).toHaveLength(4);
  const text = /^more than 14 values of the series that SLIMIT chooses from would have to be held at once: .* let LIMIT cut their rows/;
  expect(() => [...new SeriesTail(limits, 14).pass(series, true)]).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT', message: expect.stringMatching(text) }));
  // Series without a row take room, too.
  expect(() => [...new SeriesTail(limitsOf({ seriesLimit: 1e9, offset: 5 }), 999).pass(series, true)]).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }));
});

test('series wait only where SLIMIT counts against the order of the answer', () => {
  const check = (plan: Pick<MergePlan, 'isDescending' | 'hasOneSeries'>, seriesLimit: number | undefined): boolean => choosesFromTheEnd(plan as MergePlan, { ...limitsOf({}), seriesLimit });
  expect(check({ isDescending: true, hasOneSeries: false }, 1)).toBe(true);
  expect(check({ isDescending: false, hasOneSeries: false }, 1)).toBe(false);
  expect(check({ isDescending: true, hasOneSeries: true }, 1)).toBe(false);
  expect(check({ isDescending: true, hasOneSeries: false }, undefined)).toBe(false);
});
