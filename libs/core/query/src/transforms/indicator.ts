import { floatOf, NUMBERS, type TransformationDefinition } from './transformation.ts';

/** How an average begins: with growing weights, or as a plain mean of the first points. */
export type Warmup = 'exponential' | 'simple';

/** One function of technical analysis at work: each value gives the next one. */
export interface Indicator {
  /** Values that it holds back if nothing is said. */
  readonly warmCount: number;
  /** undefined: none. */
  next(value: number): number | undefined;
}

/**
 * A function of technical analysis, `f(x, period [, hold period [, warmup type]])`: the first values, as many as the hold
 * period says, are not shown; −1 and nothing stand for as many as it takes to warm up.
 */
export function movingIndicator(
  title: string,
  createIndicator: (period: number, warmup: Warmup | undefined) => Indicator,
  limits: Pick<TransformationDefinition, 'limitProblem'> = {},
): TransformationDefinition {
  return {
    argumentTypes: NUMBERS,
    title,
    leadWindowCount: 1,
    readWindowCount: ([period]) => period as number,
    resultType: () => 'float',
    ...limits,
    create: ({ args: [period, holdPeriod = -1, warmup] }) => {
      const indicator = createIndicator(period as number, warmup === 'none' ? undefined : (warmup as Warmup | undefined));
      let left = holdPeriod === -1 ? indicator.warmCount : (holdPeriod as number);
      return {
        add: (point) => {
          const value = indicator.next(floatOf(point));
          if (left === 0) return value;
          left -= 1;
          return undefined;
        },
      };
    },
  };
}
