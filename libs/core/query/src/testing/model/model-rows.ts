import { filled, type FillColumn } from './model-fill.ts';
import { SELECTORS } from './model-functions.ts';
import { callRows, entriesOf, hasTransformations } from './model-calls.ts';
import { MATH, rowValue, typeOfCall, variablesIn, type Group, type Question } from './model-question.ts';
import { evaluate, type Value } from './model-value.ts';
import type { Call, Expr } from '../../influxql/ast.ts';
import type { ModelSchema } from './model-columns.ts';

/** The rows of one series, in the order of the answer; LIMIT has been applied only where it counts the rows of calls. */
export function rowsOf(group: Group, question: Question): readonly (readonly Value[])[] {
  if (question.calls.length === 0) return rawRows(group, question);
  return question.calls.length === 1 && question.window === undefined && SELECTORS.has(question.calls[0]!.name) ? selectedRows(group, question) : windowRows(group, question);
}

function rawRows({ rows }: Group, { columns, schema, statement }: Question): (readonly Value[])[] {
  const fields = variablesIn(columns.map(({ expression }) => expression)).filter((name) => schema.fieldTypes.has(name));
  const answer = rows
    .filter((row) => row.isOfSubquery === true || fields.some((name) => rowValue(row, schema, name) !== null))
    .map((row) => [row.time, ...columns.map(({ expression }) => evaluate(expression, (each) => (each.kind === 'variable' ? rowValue(row, schema, each.name) : undefined)))]);
  return statement.order === 'DESC' ? answer.reverse() : answer;
}

/** One selector, and nothing to group by time: its point's time and other columns. */
function selectedRows(group: Group, question: Question): (readonly Value[])[] {
  const [call] = question.calls;
  return entriesOf(call!, group.rows, question).map(({ time, value, row }) => [time, ...question.columns.map(({ expression }) => evaluate(expression, (each) => (question.indexes.has(each) ? value : each.kind === 'variable' ? rowValue(row!, question.schema, each.name) : undefined)))]);
}

/** Calls by window, or of all rows as one window that begins where the range does; joined by time, then filled. */
function windowRows(group: Group, question: Question): (readonly Value[])[] {
  const byCall = question.calls.map((call) => callRows(call, group, question));
  const times = [...new Set(byCall.flatMap(({ times }) => times))].sort((left, right) => (left < right ? -1 : 1));
  if (question.statement.order === 'DESC') times.reverse();
  const places = times.flatMap((time) => {
    const count = Math.max(1, ...byCall.map(({ entries }) => entries.get(time)?.length ?? 0));
    return Array.from({ length: count }, (_, at) => ({ time, at }));
  });
  const entriesAt = byCall.map(({ entries }) => places.map(({ time, at }) => entries.get(time)?.[at]));
  const isFilled = question.window !== undefined;
  const isOfChains = hasTransformations(question);
  const windows = { times: places.map(({ time }) => time), everyNs: question.window?.everyNs ?? 1n };
  const ofCalls = question.calls.map((call, index) => {
    const values = entriesAt[index]!.map((entry) => entry?.value);
    const isVain = byCall[index]!.entries.size === 0;
    const column: FillColumn = { values, type: typeOfCall(call, question.schema), isCount: call.name === 'count' && !isVain && !isOfChains, isVain, isBeside: isOfChains };
    return isFilled && isKnown(call, question.schema) ? filled(column, windows, question.statement.fill) : values;
  });
  const ofNames = new Map(variablesBeside(question).map((name) => [name, besides(name)]));
  return places.map(({ time }, at) => [
    time,
    ...question.columns.map(({ expression }) =>
      evaluate(expression, (each) => {
        const index = question.indexes.get(each);
        if (index !== undefined) return ofCalls[index]![at] ?? null;
        return each.kind === 'variable' ? (ofNames.get(each.name)![at] ?? null) : undefined;
      }),
    ),
  ]);

  function besides(name: string): readonly (Value | undefined)[] {
    const values = entriesAt[0]!.map((entry) => (entry?.row === undefined ? undefined : rowValue(entry.row, question.schema, name)));
    const column: FillColumn = { values, type: question.schema.fieldTypes.get(name) ?? 'string', isCount: false, isVain: false, isBeside: true };
    return isFilled ? filled(column, windows, question.statement.fill) : values;
  }
}

function variablesBeside({ columns, calls }: Question): string[] {
  const inCalls = new Set(variablesIn(calls));
  const beside = columns.flatMap(({ expression }) => variablesOutside(expression));
  return beside.length === 0 ? [] : [...new Set([...beside, ...inCalls])];
}

function variablesOutside(expression: Expr): string[] {
  return expression.kind === 'call' && !MATH.has(expression.name) ? [] : variablesIn([expression]);
}

/** Whether there is such a field anywhere: a call of nothing is null, whatever is filled. */
function isKnown(call: Call, schema: ModelSchema): boolean {
  return variablesIn([call]).every((name) => schema.fieldTypes.has(name));
}

