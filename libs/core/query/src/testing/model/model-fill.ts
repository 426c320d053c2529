import type { FieldType } from '@varve/model';
import type { Fill } from '../../influxql/ast.ts';
import type { Value } from './model-value.ts';

/** What stands in the windows of one column of one series, in the order of the answer; undefined: nothing was found. */
export interface FillColumn {
  readonly values: readonly (Value | undefined)[];
  readonly type: FieldType;
  /** Of a call that found something in the series: its empty windows are 0 rather than null if it counts. */
  readonly isCount: boolean;
  /** A call that finds nothing in the series: a number stands in texts too. */
  readonly isVain: boolean;
  /** A column beside a selector: null is as good as nothing, no line is drawn, a number stands in texts too. */
  readonly isBeside: boolean;
}

/** When windows begin, in the order of the answer, and how long they are. */
interface Windows {
  readonly times: readonly bigint[];
  readonly everyNs: bigint;
}

/** Values for the windows that have none. */
export function filled({ values, type, isCount, isVain, isBeside }: FillColumn, windows: Windows, fill: Fill): Value[] {
  const isMissing = (value: Value | undefined): value is undefined => value === undefined || (isBeside && value === null);
  switch (fill.kind) {
    case 'number':
      return values.map((value) => (isMissing(value) ? numberAs(type, fill.value, isBeside || isVain) : value));
    case 'previous': {
      let previous: Value = null;
      return values.map((value) => {
        if (!isMissing(value)) previous = value;
        return previous;
      });
    }
    case 'linear':
      return values.map((value, at) => (isMissing(value) ? (isBeside ? null : onLine(values, windows, at)) : value));
    default:
      return values.map((value) => value ?? (isCount && fill.kind === 'null' && value === undefined ? 0n : null));
  }
}

function numberAs(type: FieldType, value: number | bigint, isForText: boolean): Value {
  if (isForText && (type === 'string' || type === 'boolean')) return value;
  switch (type) {
    case 'float':
      return Number(value);
    case 'integer':
      return BigInt(typeof value === 'number' ? Math.trunc(value) : value);
    case 'string':
      return '';
    case 'boolean':
      return false;
  }
}

function onLine(values: readonly (Value | undefined)[], { times, everyNs }: Windows, at: number): Value {
  const before = values.findLastIndex((value, index) => index < at && value !== undefined);
  const after = values.findIndex((value, index) => index > at && value !== undefined);
  const [from, to] = [values[before], values[after]];
  // In windows, as InfluxDB counts: in nanoseconds the slope is rounded otherwise.
  const [startNs, endNs] = [times[before] ?? 0n, times[after] ?? 0n];
  const [width, way] = [Number((endNs - startNs) / everyNs), Number((times[at]! - startNs) / everyNs)];
  if (typeof from === 'bigint' && typeof to === 'bigint') return BigInt(Math.trunc((Number(to - from) / width) * way + Number(from)));
  return typeof from === 'number' && typeof to === 'number' ? ((to - from) / width) * way + from : null;
}
