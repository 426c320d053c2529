import { ExponentialAverage } from './exponential.ts';
import { movingIndicator, type Indicator, type Warmup } from './indicator.ts';
import { periodProblem } from './period.ts';

/** How far rises outweigh falls, from 0 to 100, both averaged exponentially. */
export const relativeStrengthIndex = movingIndicator('relative strength index', (period, warmup = 'exponential') =>
  overRisesAndFalls(period, warmup, (up, down) => 100 - 100 / (1 + up / down)),
);

/** How far rises outweigh falls, from −100 to 100: of the last changes as they are, or, with a warmup type, averaged exponentially. */
export const chandeMomentumOscillator = movingIndicator(
  'chande momentum oscillator',
  (period, warmup) => (warmup === undefined ? overLastChanges(period) : overRisesAndFalls(period, warmup, balance)),
  { limitProblem: periodProblem('chande_momentum_oscillator') },
);

function balance(up: number, down: number): number {
  return 100 * ((up - down) / (up + down));
}

/** The first value counts as a change from 0. */
function overRisesAndFalls(period: number, warmup: Warmup, combine: (up: number, down: number) => number): Indicator {
  const [ups, downs] = [0, 1].map(() => new ExponentialAverage(period + 1, warmup, 1 / period));
  let before = 0;
  return {
    warmCount: period,
    next: (value) => {
      const up = ups!.add(value > before ? value - before : 0);
      const down = downs!.add(value < before ? before - value : 0);
      before = value;
      return combine(up, down);
    },
  };
}

/** Sums of as many changes as the period says, this one included. */
function overLastChanges(period: number): Indicator {
  const heldMax = period - 1;
  const changes: number[] = [];
  let oldest = 0;
  let before: number | undefined;
  let [up, down] = [0, 0];
  const remember = (change: number): number => {
    if (changes.length < heldMax) {
      changes.push(change);
      return 0;
    }
    if (heldMax === 0) return change;
    const leaving = changes[oldest]!;
    changes[oldest] = change;
    oldest = (oldest + 1) % heldMax;
    return leaving;
  };
  return {
    warmCount: heldMax,
    next: (value) => {
      const change = before === undefined ? 0 : value - before;
      before = value;
      if (change > 0) up += change;
      else if (change < 0) down -= change;
      const result = up === 0 && down === 0 ? 0 : balance(up, down);
      const leaving = remember(change);
      if (leaving > 0) up -= leaving;
      else if (leaving < 0) down += leaving;
      return result;
    },
  };
}
