import { derivative, difference, elapsed, nonNegativeDerivative, nonNegativeDifference } from './differences.ts';
import { doubleExponentialMovingAverage, exponentialMovingAverage, tripleExponentialDerivative, tripleExponentialMovingAverage } from './exponential.ts';
import { holtWinters, holtWintersWithFit } from './holt-winters.ts';
import { kaufmansAdaptiveMovingAverage, kaufmansEfficiencyRatio } from './kaufman.ts';
import { chandeMomentumOscillator, relativeStrengthIndex } from './oscillators.ts';
import { cumulativeSum, movingAverage } from './sums.ts';
import type { TransformationDefinition } from './transformation.ts';

/** Every transformation, by the name that it is called by. */
export const TRANSFORMATIONS: ReadonlyMap<string, TransformationDefinition> = new Map([
  ['derivative', derivative],
  ['non_negative_derivative', nonNegativeDerivative],
  ['difference', difference],
  ['non_negative_difference', nonNegativeDifference],
  ['elapsed', elapsed],
  ['cumulative_sum', cumulativeSum],
  ['moving_average', movingAverage],
  ['exponential_moving_average', exponentialMovingAverage],
  ['double_exponential_moving_average', doubleExponentialMovingAverage],
  ['triple_exponential_moving_average', tripleExponentialMovingAverage],
  ['triple_exponential_derivative', tripleExponentialDerivative],
  ['relative_strength_index', relativeStrengthIndex],
  ['chande_momentum_oscillator', chandeMomentumOscillator],
  ['kaufmans_efficiency_ratio', kaufmansEfficiencyRatio],
  ['kaufmans_adaptive_moving_average', kaufmansAdaptiveMovingAverage],
  ['holt_winters', holtWinters],
  ['holt_winters_with_fit', holtWintersWithFit],
]);
