import { expect, test } from 'vitest';
import type { FieldValue } from '@varve/model';
import { TRANSFORMATIONS } from './transformation-table.ts';
import type { TransformArgument } from './transformation.ts';

// InfluxDB 1.6.7 has no technical analysis. Where nothing else is said, values are what the definitions give by hand; those of
// the mountain are TA-Lib's, which InfluxDB 1.7 and 1.8 agree with.
const NOTHING = undefined;
const MOUNTAIN = Array.from({ length: 29 }, (_each, index) => 15 - Math.abs(14 - index));

function valuesOf(name: string, args: readonly TransformArgument[], values: readonly number[]): (FieldValue | undefined)[] {
  const transformation = TRANSFORMATIONS.get(name)!.create({ type: 'float', args, everyNs: undefined, isDescending: false });
  return values.map((value, index) => transformation.add({ ms: index, subNs: 0, value }));
}

function check(name: string, args: readonly TransformArgument[], values: readonly number[], expected: readonly (number | undefined)[]): void {
  const found = valuesOf(name, args, values);
  expect(found.map((value) => value !== undefined), name).toEqual(expected.map((value) => value !== undefined));
  for (const [index, value] of found.entries()) if (value !== undefined) expectEqual(value, expected[index]!);
}

function expectEqual(value: FieldValue, expected: number): void {
  if (Number.isNaN(expected)) expect(value).toBeNaN();
  else expect(value).toBeCloseTo(expected, 10);
}

/** As many values are held back as TA-Lib has none for. */
function checkMountain(name: string, args: readonly TransformArgument[], expected: readonly number[]): void {
  const heldBack = MOUNTAIN.length - expected.length;
  check(name, args, MOUNTAIN, [...Array.from({ length: heldBack }, () => NOTHING), ...expected]);
}

test('exponential_moving_average: the newest value weighs 2 / (n + 1), while it warms up by what there is', () => {
  check('exponential_moving_average', [3], [1, 2, 3, 5], [NOTHING, NOTHING, 7 / 3, 11 / 3]);
  check('exponential_moving_average', [3, 0], [1, 2, 3], [1, 5 / 3, 7 / 3]);
  check('exponential_moving_average', [3, 0, 'simple'], [1, 2, 6, 5], [1, 1.5, 3, 4]);
  check('exponential_moving_average', [1], [4, 7], [4, 7]);
  checkMountain('exponential_moving_average', [10, -1, 'simple'], [
    ...[5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.136363636363637, 11.475206611570249, 11.570623591284749, 11.466873847414794, 11.200169511521196],
    ...[10.800138691244614, 10.291022565563775, 9.692654826370362, 9.021263039757569, 8.290124305256192, 7.510101704300521, 6.690083212609517, 5.837340810316878, 4.957824299350173],
  ]);
});

test('averages of averages, which lag less', () => {
  checkMountain('double_exponential_moving_average', [10, -1, 'simple'], [
    ...[13.568840926166246, 12.701748119313985, 11.701405062848783, 10.611872766773773, 9.465595022565749, 8.28616628396151, 7.090477085921927, 5.8903718513360275],
    ...[4.693925476073202, 3.5064225149113692, 2.331104912318361],
  ]);
  checkMountain('triple_exponential_moving_average', [4, -1, 'simple'], [
    ...[10, 11, 12, 13, 14, 15, 14.431999999999995, 13.345600000000001, 12.155520000000001, 11, 9.906687999999997, 8.86563072, 7.8589122560000035, 6.871005491200005],
    ...[5.891160883200005, 4.912928706560004, 3.932955104051203, 2.9498469349785603, 1.9633255712030717, 0.9736696408637435],
  ]);
  check('double_exponential_moving_average', [1], MOUNTAIN, MOUNTAIN);
  check('triple_exponential_moving_average', [1], MOUNTAIN, MOUNTAIN);
});

test('an exponential warmup holds back as many values for all levels, a simple one for each', () => {
  const names = ['exponential_moving_average', 'double_exponential_moving_average', 'triple_exponential_moving_average', 'triple_exponential_derivative'];
  const heldBack = (...args: readonly TransformArgument[]): readonly number[] => names.map((name) => valuesOf(name, args, MOUNTAIN).findIndex((value) => value !== undefined));

  expect(heldBack(4)).toEqual([3, 3, 3, 4]);
  expect(heldBack(4, -1, 'simple')).toEqual([3, 6, 9, 10]);
  expect(heldBack(4, 7, 'simple')).toEqual([7, 7, 7, 7]);
});

test('triple_exponential_derivative: the change of the triple average in percent, nothing where it is infinite', () => {
  check('triple_exponential_derivative', [1], [4, 5, 5, 2, 0], [NOTHING, 25, 0, -60, -100]);
  check('triple_exponential_derivative', [1, 1], [3, 0, 3, 6], [NOTHING, -100, NOTHING, 100]);
  checkMountain('triple_exponential_derivative', [4, -1, 'simple'], [
    ...[18.181818181818187, 15.384615384615374, 13.33333333333333, 11.764705882352944, 10.526315789473696, 8.304761904761904, 5.641927541329594, 3.0392222148232007],
    ...[0.7160675740302658, -1.2848911076603242, -2.9999661985600667, -4.493448741755901, -5.836238000516913, -7.099092024379772, -8.352897627933453, -9.673028502435233],
    ...[-11.147601363985949, -12.891818138458877, -15.074463280730022],
  ]);
});

test('relative_strength_index: rises beside falls, from 0 to 100', () => {
  check('relative_strength_index', [2, 0], [0, 2, 1], [NaN, 100, 100 - 100 / (1 + 4 / 3)]);
  checkMountain('relative_strength_index', [10, -1, 'simple'], [
    ...[100, 100, 100, 100, 100, 90, 81, 72.89999999999999, 65.61, 59.04899999999999, 53.144099999999995, 47.82969, 43.04672099999999, 38.74204889999999, 34.86784400999999],
    ...[31.381059608999994, 28.242953648099995, 25.418658283289997, 22.876792454961],
  ]);
});

test('chande_momentum_oscillator: sums of the last changes, or averages of all, from −100 to 100', () => {
  // One value more than the ten changes need is shown: the first one counts as no change.
  checkMountain('chande_momentum_oscillator', [10], [100, 100, 100, 100, 100, 100, 80, 60, 40, 20, 0, -20, -40, -60, -80, -100, -100, -100, -100, -100]);
  check('chande_momentum_oscillator', [1], [3, 5, 5, 2], [0, 100, 0, -100]);
  check('chande_momentum_oscillator', [2, -1, 'none'], [3, 5, 4, 4, 4], [NOTHING, 100, 100 / 3, -100, 0]);
  checkMountain('chande_momentum_oscillator', [10, -1, 'simple'], [
    ...[100, 100, 100, 100, 100, 80, 61.999999999999986, 45.79999999999999, 31.22, 18.097999999999992, 6.288199999999988, -4.340620000000012, -13.906558000000008],
    ...[-22.515902200000014, -30.264311980000013, -37.23788078200001, -43.51409270380002, -49.16268343342002, -54.24641509007802],
  ]);
});

test("Kaufman's ratio: how straight the way was; his average follows straight ways", () => {
  check('kaufmans_efficiency_ratio', [3], [20, 21, 22, 23, 22, 21, 21], [NOTHING, NOTHING, NOTHING, 1, 1 / 3, 1 / 3, 1]);
  check('kaufmans_efficiency_ratio', [1], [5, 5, 7], [NOTHING, 0, 1]);
  check('kaufmans_efficiency_ratio', [2], [1, 2, 1, 1], [NOTHING, NOTHING, 0, 1]);
  checkMountain('kaufmans_adaptive_moving_average', [10], [
    ...[10.444444444444445, 11.135802469135802, 11.964334705075446, 12.869074836153025, 13.81615268675168, 13.871008014588556, 13.71308456353558, 13.553331356741122],
    ...[13.46599437575161, 13.4515677602438, 13.29930139347417, 12.805116570729284, 11.752584300922967, 10.036160535131103, 7.797866963961725, 6.109926091089847],
    ...[4.727736717272138, 3.5154092873734104, 2.3974496040963396],
  ]);
});
