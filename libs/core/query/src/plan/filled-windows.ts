import { MAX_TIME_NS, MIN_TIME_NS } from '@varve/model';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { AggregatesInput, MergePlan } from './query-plan.ts';
import { windowCountIn } from './window-line.ts';

/** Whether windows without points have rows: not where all functions have rows of their own. */
export function isFilled({ fill }: Pick<MergePlan, 'fill'>, { window, calls }: Pick<AggregatesInput, 'window' | 'calls'>): boolean {
  return window !== undefined && fill.kind !== 'none' && calls.some((call) => FUNCTIONS[call.function].hasOwnRows !== true);
}

/** Where the range alone decides how many rows a series has, and they are too many (QC4): what to say of it; undefined: it goes on. */
export function windowCountProblem(plan: MergePlan): string | undefined {
  const { input, range: { startNs, endNs }, limits: { limit = Infinity, offset } } = plan;
  if (input.kind !== 'aggregates' || input.window === undefined || !isFilled(plan, input)) return undefined;
  const isBounded = startNs > MIN_TIME_NS && endNs <= MAX_TIME_NS && startNs < endNs;
  const { windowCountMax } = input;
  if (!isBounded || limit + offset <= windowCountMax) return undefined;
  return windowCountIn(input.window, startNs, endNs) > BigInt(windowCountMax) ? tooManyWindows(windowCountMax) : undefined;
}

/** A bound of this program, which no setting moves: it must not read as one of InfluxDB's. */
export function tooManyWindows(windowCountMax: number): string {
  return `more than ${windowCountMax} windows in one series: ask for a shorter time or longer windows, or with fill(none) for those that have values`;
}
