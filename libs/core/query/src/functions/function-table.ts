import type { FieldType } from '@varve/model';
import { count } from './count.ts';
import { countDistinct, distinct } from './distinct.ts';
import { first } from './first.ts';
import type { ColumnForm } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { integral } from './integral.ts';
import { last } from './last.ts';
import { max } from './max.ts';
import { mean } from './mean.ts';
import { median } from './median.ts';
import { min } from './min.ts';
import { mode } from './mode.ts';
import { percentile } from './percentile.ts';
import { sample } from './sample.ts';
import { mergeHll, sumHll } from './sketches.ts';
import { spread } from './spread.ts';
import { stddev } from './stddev.ts';
import { sum } from './sum.ts';
import { bottom, top } from './top.ts';

/** Every function over a field, by the name that a plan carries. `countDistinct` stands for `count(distinct(x))`. */
export const FUNCTIONS = {
  bottom,
  count,
  countDistinct,
  distinct,
  first,
  integral,
  last,
  max,
  mean,
  median,
  merge_hll: mergeHll,
  min,
  mode,
  percentile,
  sample,
  spread,
  stddev,
  sum,
  sum_hll: sumHll,
  top,
} as const satisfies Record<string, FunctionDefinition>;

export type FunctionName = keyof typeof FUNCTIONS;

/** The form of a call's states as numbers; undefined where they are none. Both sides know from the plan whether there are windows: their rows show no point's time. */
export function columnForm(name: FunctionName, argumentType: FieldType, isWindowed: boolean): ColumnForm | undefined {
  const { columns }: FunctionDefinition = FUNCTIONS[name];
  return columns?.(argumentType, !isWindowed);
}
