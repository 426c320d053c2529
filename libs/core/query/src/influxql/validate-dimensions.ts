import type { Call, Expr } from './ast.ts';
import { foldWhole } from './fold-constants.ts';
import { intervalOf, type GroupByInterval } from './group-by-time.ts';
import { isTimeName } from './is-time-name.ts';

/** Checks that a SELECT can be grouped by these; the interval of their `time(…)`, 0n when there is none. */
export function checkDimensions(dimensions: readonly Expr[]): GroupByInterval {
  let ns = 0n;
  for (const dimension of dimensions.map(foldWhole)) {
    if (dimension.kind === 'call') {
      const interval = checkTime(dimension, ns !== 0n);
      if (interval.kind === 'error') return interval;
      ns = interval.ns;
    } else {
      const message = plainProblem(dimension);
      if (message !== undefined) return { kind: 'error', message };
    }
  }
  return { kind: 'interval', ns };
}

function plainProblem(dimension: Expr): string | undefined {
  switch (dimension.kind) {
    case 'variable':
      return isTimeName(dimension.name) ? 'time() is a function and expects at least one argument' : undefined;
    case 'wildcard':
    case 'regex':
      return undefined;
    default:
      return 'only time and tag dimensions allowed';
  }
}

/** `time(interval [, offset])` */
function checkTime(call: Call, hasInterval: boolean): GroupByInterval {
  if (call.name !== 'time') return { kind: 'error', message: 'only time() calls allowed in dimensions' };
  const interval = intervalOf(call);
  if (interval.kind === 'error') return interval;
  if (hasInterval) return { kind: 'error', message: 'multiple time dimensions not allowed' };
  const message = call.args[1] && offsetProblem(call.args[1]);
  return message === undefined ? interval : { kind: 'error', message };
}

/** A duration, now(), or a date. */
function offsetProblem(offset: Expr): string | undefined {
  if (offset.kind === 'call') {
    if (offset.name !== 'now') return 'time dimension offset function must be now()';
    return offset.args.length === 0 ? undefined : 'time dimension offset now() function requires no arguments';
  }
  if (offset.kind === 'duration') return undefined;
  return offset.kind === 'string' && STARTS_WITH_DATE.test(offset.value) ? undefined : 'time dimension offset must be duration or now()';
}

const STARTS_WITH_DATE = /^\d{4}-\d{2}-\d{2}/;
