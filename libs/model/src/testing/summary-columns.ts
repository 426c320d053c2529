import { hasNumbers, type FieldSummary, type SummaryColumns, type SummaryNumbers } from '../series-slice.ts';

/** Columns with these summaries, all with numbers or none of them, in the places from 0 on. */
export function summaryColumns(...all: readonly FieldSummary[]): SummaryColumns {
  const gap = (name: 'nullCount' | 'firstNs' | 'lastNs'): Float64Array => Float64Array.from(all, (summary) => summary[name]);
  const gaps = [gap('nullCount'), gap('firstNs'), gap('lastNs')] as const;
  if (all.some(({ numbers }) => numbers === undefined)) return { gaps, numbers: undefined };
  const of = (name: keyof SummaryNumbers): Float64Array => Float64Array.from(all, ({ numbers }) => numbers![name]);
  return {
    gaps,
    numbers: { validity: undefined, first: of('first'), last: of('last'), min: of('min'), max: of('max'), minNs: of('minNs'), maxNs: of('maxNs'), sum: of('sum'), sumRest: of('sumRest') },
  };
}

/** The summary in a place. */
export function summaryIn(columns: SummaryColumns, at: number): FieldSummary {
  const { gaps, numbers } = columns;
  const gap = (which: 0 | 1 | 2): number => gaps?.[which][at] ?? 0;
  const number = (values: Float64Array | undefined): number => values?.[at] ?? 0;
  return {
    ...{ nullCount: gap(0), firstNs: gap(1), lastNs: gap(2) },
    numbers: hasNumbers(columns, at)
      ? {
          ...{ first: number(numbers!.first), last: number(numbers!.last), min: number(numbers!.min), max: number(numbers!.max) },
          ...{ minNs: number(numbers!.minNs), maxNs: number(numbers!.maxNs), sum: number(numbers!.sum), sumRest: number(numbers!.sumRest) },
        }
      : undefined,
  };
}
