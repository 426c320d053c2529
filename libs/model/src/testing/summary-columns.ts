import { hasNumbers, type FieldSummary, type SummaryColumns } from '../series-slice.ts';

/** Columns with this summary in their only place. */
export function summaryColumns({ nullCount, firstNs, lastNs, numbers }: FieldSummary): SummaryColumns {
  const of = (value: number): Float64Array => Float64Array.of(value);
  const gaps = [of(nullCount), of(firstNs), of(lastNs)] as const;
  if (numbers === undefined) return { gaps, numbers: undefined };
  const { first, last, min, max, minNs, maxNs, sum, sumRest } = numbers;
  return {
    gaps,
    numbers: { validity: undefined, first: of(first), last: of(last), min: of(min), max: of(max), minNs: of(minNs), maxNs: of(maxNs), sum: of(sum), sumRest: of(sumRest) },
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
