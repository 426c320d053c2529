import type { Moment, Operation, Outcome } from '../history.ts';

/** What a line says between its bars. */
export type ReadText<Input, Output> = (text: string) => { readonly input: Input; readonly outcome: Outcome<Output> };

/**
 * A history as a drawing: a line is a process and one thing that it does, from bar to bar. What ends with a question mark
 * nobody heard the end of. A call in the column of a return is concurrent with it.
 *
 *   a  |- write x 1 -|
 *   b        |--- read x = 1 ---|
 *   c     |- write x 2 ?
 */
export function drawnHistory<Input, Output>(drawing: string, readText: ReadText<Input, Output>): readonly Operation<Input, Output>[] {
  const lines = drawing.split('\n').filter((line) => line.trim() !== '');
  return lines
    .map((line, number) => operationOf(line, number, readText))
    .toSorted((left, right) => left.called.order - right.called.order);
}

function operationOf<Input, Output>(line: string, number: number, readText: ReadText<Input, Output>): Operation<Input, Output> {
  const start = line.indexOf('|');
  const isUnknown = line.trimEnd().endsWith('?');
  const end = isUnknown ? line.lastIndexOf('?') : line.lastIndexOf('|');
  if (start < 0 || end <= start) throw new Error(`no operation in "${line}"`);
  const { input, outcome } = readText(line.slice(start + 1, end).replace(/^-+|-+$/g, '').trim());
  return {
    process: line.slice(0, start).trim(),
    input,
    outcome: isUnknown ? { kind: 'unknown' } : outcome,
    called: momentAt(start, 2 * number),
    returned: isUnknown ? undefined : momentAt(end, 2 * number + 1),
  };
}

/** Lines make columns unique: calls are before returns. */
function momentAt(column: number, part: number): Moment {
  return { order: 1_000 * column + (part % 2) * 500 + part, atMs: column };
}
