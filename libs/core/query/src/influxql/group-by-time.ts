import type { Call, Expr } from './ast.ts';

/** The interval of `time(…)`, or why there is none. */
export type GroupByInterval = { readonly kind: 'interval'; readonly ns: bigint } | { readonly kind: 'error'; readonly message: string };

/** The interval of the first `time(…)` among the dimensions; 0n when there is none. */
export function groupByInterval(dimensions: readonly Expr[]): GroupByInterval {
  const time = dimensions.find((each): each is Call => each.kind === 'call' && each.name === 'time');
  return time === undefined ? { kind: 'interval', ns: 0n } : intervalOf(time);
}

/** The interval of a `time(interval [, offset])`. */
export function intervalOf({ args }: Call): GroupByInterval {
  const [interval] = args;
  if (interval === undefined || args.length > 2) return { kind: 'error', message: 'time dimension expected 1 or 2 arguments' };
  if (interval.kind !== 'duration') return { kind: 'error', message: 'time dimension must have duration argument' };
  return { kind: 'interval', ns: interval.ns };
}
