import type { Call, Expr } from './ast.ts';

/** The `time(…)` among the dimensions; its interval; or why that is none. 0n: there is no `time(…)`. */
export type GroupByInterval = { readonly kind: 'interval'; readonly ns: bigint } | { readonly kind: 'error'; readonly message: string };

/** Reads the interval of the first `time(…)`. */
export function groupByInterval(dimensions: readonly Expr[]): GroupByInterval {
  const time = dimensions.find((each): each is Call => each.kind === 'call' && each.name === 'time');
  if (time === undefined) return { kind: 'interval', ns: 0n };
  const [interval] = time.args;
  if (interval === undefined || time.args.length > 2) return { kind: 'error', message: 'time dimension expected 1 or 2 arguments' };
  if (interval.kind !== 'duration') return { kind: 'error', message: 'time dimension must have duration argument' };
  return { kind: 'interval', ns: interval.ns };
}
