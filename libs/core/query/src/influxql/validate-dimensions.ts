import type { Call, Expr } from './ast.ts';
import { foldWhole } from './fold-constants.ts';

/** The length of the windows of a GROUP BY (0n: it has none), or why it is wrong. */
export type CheckedDimensions = { readonly kind: 'interval'; readonly ns: bigint } | { readonly kind: 'error'; readonly message: string };

/** Checks that a SELECT can be grouped by these. */
export function checkDimensions(dimensions: readonly Expr[]): CheckedDimensions {
  let intervalNs = 0n;
  for (const dimension of dimensions.map(foldWhole)) {
    const message = dimension.kind === 'call' ? timeProblem(dimension, intervalNs !== 0n) : plainProblem(dimension);
    if (message !== undefined) return { kind: 'error', message };
    if (dimension.kind === 'call' && dimension.args[0]?.kind === 'duration') intervalNs = dimension.args[0].ns;
  }
  return { kind: 'interval', ns: intervalNs };
}

function plainProblem(dimension: Expr): string | undefined {
  switch (dimension.kind) {
    case 'variable':
      return dimension.name.toLowerCase() === 'time' ? 'time() is a function and expects at least one argument' : undefined;
    case 'wildcard':
    case 'regex':
      return undefined;
    default:
      return 'only time and tag dimensions allowed';
  }
}

/** `time(interval [, offset])` */
function timeProblem({ name, args }: Call, hasInterval: boolean): string | undefined {
  const [interval, offset] = args;
  if (name !== 'time') return 'only time() calls allowed in dimensions';
  if (interval === undefined || args.length > 2) return 'time dimension expected 1 or 2 arguments';
  if (interval.kind !== 'duration') return 'time dimension must have duration argument';
  if (hasInterval) return 'multiple time dimensions not allowed';
  return offset && offsetProblem(offset);
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
