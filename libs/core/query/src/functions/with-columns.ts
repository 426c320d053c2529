import type { FieldType } from '@varve/model';
import { joinState, noStates, type ColumnForm } from './column-form.ts';
import type { FunctionDefinition, FunctionResult, Merger, PartialState } from './function-definition.ts';
import { onlyRun, type SummaryRun } from './run.ts';

/**
 * A function that has columns and no times, also as a state per window in bytes: for statements where another function has no
 * columns. Selectors carry more than numbers there, and have states of their own.
 */
export function withColumns(columns: (argumentType: FieldType) => ColumnForm): Pick<FunctionDefinition, 'columns' | 'createPartial' | 'createMerger'> {
  return { columns, createPartial: ({ type }) => partialOf(columns(type)), createMerger: ({ type }) => mergerOf(columns(type)) };
}

function partialOf(form: ColumnForm): PartialState {
  const partial = form.createPartial();
  return {
    add: (slot, run) => partial.add(onlyRun(slot, run)),
    ...(partial.addSummary !== undefined && { addSummary: (slot: number, run: SummaryRun) => partial.addSummary!(slot, run) }),
    countIsEnough: partial.countIsEnough === true,
    partCount: (slot) => (partial.has(slot) ? 1 : 0),
    encode: (slot, _part, writer) => {
      for (const numbers of partial.numbers) {
        const number = numbers[slot]!;
        if (typeof number === 'bigint') writer.u8(1).i64(number);
        else writer.u8(0).f64(number);
      }
    },
  };
}

function mergerOf(form: ColumnForm): Merger {
  let merged = noStates(form, 1);
  const read = noStates(form, 1);
  return {
    reset: () => {
      merged = noStates(form, 1);
    },
    merge: (reader) => {
      for (const numbers of read.numbers) numbers[0] = reader.u8() === 1 ? reader.i64() : reader.f64();
      joinState(form, merged, 0, read, 0);
    },
    results: (): readonly FunctionResult[] =>
      merged.has[0] === 0 ? [] : [{ value: form.answers(merged)[0]!, timeNs: undefined, neighbours: [] }],
  };
}
