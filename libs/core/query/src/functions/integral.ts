import { assert, type TimestampNs } from '@varve/base';
import type { FunctionDefinition, FunctionOptions, FunctionResult, Stretch, StretchNeighbours, TimedValue } from './function-definition.ts';
import { timeAt, timedRunsMerger, timedRunsPartial, type TimedRun } from './timed-runs.ts';

const DEFAULT_UNIT_NS = 1e9;

/**
 * The area below the line through all points of a group, in units of value × time. IG1 and IG2:
 *
 *     ──●───┬─●──●──┬───────┬──●─     a line that crosses the end of a window is cut there; what lies behind it belongs to
 *       a   │ b     │ empty │  d      the next window that has points, an empty one in between included
 *
 * So every point of a window is needed, in order, and of the windows beside it the nearest point.
 */
export const integral: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  hasOwnRows: true,
  resultType: () => 'float',
  createPartial: timedRunsPartial,
  createMerger: (options) => timedRunsMerger((runs) => [{ value: null, timeNs: undefined, neighbours: [], stretch: stretchOf(runs, unitOf(options)) }]),
  linkWindow: (options, stretch, neighbours) => linked(options, stretch, neighbours),
};

function stretchOf(runs: readonly TimedRun[], unitNs: number): Stretch {
  return {
    first: timedValue(runs[0]!, 0),
    last: timedValue(runs.at(-1)!, -1),
    areaFrom: (start) => {
      let area = start;
      for (const [index, run] of runs.entries()) {
        const before = runs[index - 1];
        if (before !== undefined) area += trapezium(timedValue(before, -1), timedValue(run, 0), unitNs);
        area = areaInside(run, unitNs, area);
      }
      return area;
    },
  };
}

/** Of several points at one time the last one begins the next trapezium, and the first one ends the one before. */
function areaInside({ offsetsNs, values }: TimedRun, unitNs: number, start: number): number {
  let area = start;
  for (let index = 1; index < values.length; index += 1) {
    const elapsedNs = offsetsNs[index]! - offsetsNs[index - 1]!;
    if (elapsedNs !== 0) area += 0.5 * (values[index]! + values[index - 1]!) * (elapsedNs / unitNs);
  }
  return area;
}

/** As InfluxDB has it, a lone float is dated 0, whatever the range; and a window whose points all lie at its start has no area. */
function linked(options: FunctionOptions, stretch: Stretch, { previous, next, rowNs, endNs }: StretchNeighbours): readonly FunctionResult[] {
  const unitNs = unitOf(options);
  const timeNs = endNs === undefined && options.type === 'float' ? 0n : rowNs;
  if (next === undefined && stretch.last.timeNs === timeNs) return [];
  const before = previous === undefined ? 0 : trapezium(pointOnLine(previous.last, stretch.first, previous.endNs), stretch.first, unitNs);
  const area = stretch.areaFrom(before);
  return [{ value: next === undefined ? area : area + areaUntil(stretch.last, next, { endNs, unitNs }), timeNs, neighbours: [] }];
}

function areaUntil(last: TimedValue, next: TimedValue, { endNs, unitNs }: { readonly endNs: TimestampNs | undefined; readonly unitNs: number }): number {
  assert(endNs !== undefined, 'a window without an end has no next one');
  return trapezium(last, pointOnLine(last, next, endNs), unitNs);
}

function trapezium(from: TimedValue, to: TimedValue, unitNs: number): number {
  return 0.5 * (to.value + from.value) * (Number(to.timeNs - from.timeNs) / unitNs);
}

function pointOnLine(from: TimedValue, to: TimedValue, timeNs: TimestampNs): TimedValue {
  const slope = (to.value - from.value) / Number(to.timeNs - from.timeNs);
  return { timeNs, value: slope * Number(timeNs - from.timeNs) + from.value };
}

/** The point at an index of a run; the last one for -1. */
function timedValue(run: TimedRun, index: number): TimedValue {
  return { timeNs: timeAt(run, index), value: run.values.at(index)! };
}

function unitOf({ parameter = DEFAULT_UNIT_NS }: FunctionOptions): number {
  return parameter;
}
