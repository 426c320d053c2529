import type { TransformArgument } from './transformation.ts';

/** Points that a transformation remembers at most. */
const PERIOD_MAX = 1_000_000;

/** For transformations that remember as many points as their second argument says. */
export function periodProblem(name: string): (args: readonly TransformArgument[]) => string | undefined {
  return ([period]) => (Number(period) <= PERIOD_MAX ? undefined : `${name} over more than ${PERIOD_MAX} points is not supported`);
}
