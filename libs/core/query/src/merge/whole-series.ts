import { ByteReader, ByteWriter, type TimestampNs } from '@varve/base';
import { splitNs, type Column, type FieldType, type FieldValue } from '@varve/model';
import type { Merger, PartialState } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { AggregateStep } from '../plan/query-plan.ts';
import { optionsOf } from '../plan/shard-plan.ts';
import type { Transformation, TransformPoint } from '../transforms/transformation.ts';

/** Values that go into the function at once. */
const RUN_VALUE_COUNT = 1024;

/**
 * A function over all points of a series as the coordinator sees them go by, for what stands beside transformations of
 * fields: one point at `timeNs` when the series is over. It works as on a data node, in two halves in one place.
 */
export function wholeSeries({ function: name, type, parameter }: AggregateStep, { timeNs, isDescending }: { readonly timeNs: TimestampNs; readonly isDescending: boolean }): Transformation {
  const options = optionsOf({ function: name, column: 0, parameter }, type, 0);
  const state = FUNCTIONS[name].createPartial(options, 0n);
  const sign = isDescending ? -1 : 1;
  let values: FieldValue[] = [];
  let offsets: number[] = [];
  let timeCount = 0;
  let newest: TransformPoint | undefined;
  const flush = (): void => {
    if (values.length === 0) return;
    const order = isDescending ? [values.toReversed(), offsets.toReversed()] as const : [values, offsets] as const;
    const vector = { type, values: valuesOf(type, order[0]), offsetsNs: Float64Array.from(order[1]), rowIndexes: undefined };
    state.add(0, { vector, start: 0, end: values.length, seriesKey: '', neighbours: () => [] });
    [values, offsets] = [[], []];
  };
  return {
    add: (point) => {
      // Functions look at times only to compare them, so the how-manieth time it is will do.
      if (newest?.ms !== point.ms || newest.subNs !== point.subNs) timeCount += 1;
      newest = point;
      values.push(point.value);
      if (offsets.push(sign * timeCount) >= RUN_VALUE_COUNT) flush();
      return undefined;
    },
    finish: () => {
      flush();
      return merged(state, FUNCTIONS[name].createMerger(options), timeNs);
    },
  };
}

/** Part by part, so that others have their turn. */
function* merged(state: PartialState, merger: Merger, timeNs: TimestampNs): Generator<undefined, readonly TransformPoint[]> {
  for (let part = 0; part < state.partCount(0); part += 1) {
    const writer = new ByteWriter();
    state.encode(0, part, writer);
    merger.merge(new ByteReader(writer.finish()), 0n);
    yield;
  }
  const results = merger.resultsInSteps === undefined ? merger.results() : yield* merger.resultsInSteps();
  return results.flatMap(({ value }) => (value === null ? [] : [{ ...splitNs(timeNs), value }]));
}

function valuesOf(type: FieldType, values: readonly FieldValue[]): Column['values'] {
  if (type === 'string') return values as string[];
  if (type === 'boolean') return Uint8Array.from(values, (value) => (value === true ? 1 : 0));
  if (values.some((value) => typeof value === 'bigint')) return BigInt64Array.from(values, (value) => BigInt(value));
  return Float64Array.from(values, Number);
}
