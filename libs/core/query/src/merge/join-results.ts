import type { TimestampNs } from '@varve/base';
import type { Cell } from '@varve/model';
import type { FunctionResult } from '../functions/function-definition.ts';

/** A row of the answer before its projections. */
export interface JoinedRow {
  readonly timeNs: TimestampNs;
  /** One per call, null where it has nothing at the time. */
  readonly cells: Cell[];
  neighbours: readonly Cell[];
}

/**
 * Joins the results of several calls by time, ascending (MR4): the k-th that a call has at a time goes into the k-th row of
 * that time. Results without a time have `otherwiseNs`.
 */
export function joinResults(results: readonly (readonly FunctionResult[])[], otherwiseNs: TimestampNs): JoinedRow[] {
  const rows = new Map<TimestampNs, JoinedRow[]>();
  for (const [call, each] of results.entries()) {
    const counts = new Map<TimestampNs, number>();
    for (const { value, timeNs = otherwiseNs, neighbours } of each) {
      const index = counts.get(timeNs) ?? 0;
      counts.set(timeNs, index + 1);
      const row = rowAt(rows, { timeNs, index, callCount: results.length });
      row.cells[call] = value;
      if (neighbours.length > 0) row.neighbours = neighbours;
    }
  }
  return [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).flatMap(([, atTime]) => atTime);
}

function rowAt(rows: Map<TimestampNs, JoinedRow[]>, { timeNs, index, callCount }: { readonly timeNs: TimestampNs; readonly index: number; readonly callCount: number }): JoinedRow {
  let atTime = rows.get(timeNs);
  if (atTime === undefined) rows.set(timeNs, (atTime = []));
  return (atTime[index] ??= { timeNs, cells: new Array<Cell>(callCount).fill(null), neighbours: [] });
}
