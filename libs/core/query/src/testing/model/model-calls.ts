import type { Call } from '../../influxql/ast.ts';
import type { ModelRow } from './model-data.ts';
import { filled } from './model-fill.ts';
import { accepts, OWN_ROWS, reduce, type Entry } from './model-functions.ts';
import { rowValue, startOf, typeOfCall, type Group, type Question } from './model-question.ts';
import { integral, TRANSFORMATIONS, transform } from './model-transform.ts';

/** The rows of one call. */
export interface CallRows {
  /** By their time. */
  readonly entries: ReadonlyMap<bigint, readonly Entry[]>;
  /** Those of windows that are to be filled, too. */
  readonly times: readonly bigint[];
}

/** What a call answers for a group: a window each, the rows of a function that has its own, or what a transformation makes. */
export function callRows(call: Call, group: Group, question: Question): CallRows {
  if (TRANSFORMATIONS.has(call.name)) return byTime(limitedByCall(transformed(call, group, question).filter(({ time }) => isInAnswer(time, question)), question));
  if (call.name === 'integral') return byTime(limitedByCall(inOrder(integral(call, pointsOf(call, group.rows, question), question), question), question));
  if (question.window !== undefined && hasTransformations(question)) return byTime(limitedByCall(filledWindows(call, group, question, 0n), question));
  const found = windowsOf(call, group.rows, question);
  if (OWN_ROWS.has(call.name)) return byTime(limitedByCall(inOrderOfTime(found.flatMap(([, entries]) => entries), question), question));
  const shown = inOrder(found, question);
  const entries = new Map(limitedByCall(shown, question));
  const { window, statement } = question;
  const isFilled = window !== undefined && statement.fill.kind !== 'none' && found.length > 0 && call.name !== 'distinct';
  return { entries, times: isFilled ? windowTimes(firstOf(group, question), question, 0n) : [...entries.keys()] };
}

/** Then each call is a list of points of its own, filled for itself. */
export function hasTransformations({ calls }: Pick<Question, 'calls'>): boolean {
  return calls.some(({ name }) => TRANSFORMATIONS.has(name));
}

function byTime(entries: readonly Entry[]): CallRows {
  const rows = new Map<bigint, Entry[]>();
  for (const entry of entries) rows.set(entry.time, [...(rows.get(entry.time) ?? []), entry]);
  return { entries: rows, times: [...rows.keys()] };
}

function inOrder<Item>(items: readonly Item[], { statement }: Question): readonly Item[] {
  return statement.order === 'DESC' ? items.toReversed() : items;
}

/** Of one time the better comes first under DESC, too. */
function inOrderOfTime(entries: readonly Entry[], { statement }: Question): readonly Entry[] {
  const sign = statement.order === 'DESC' ? -1 : 1;
  return entries.toSorted((left, right) => (left.time === right.time ? 0 : left.time < right.time ? -sign : sign));
}

/** Where nothing is filled, and with transformations, LIMIT counts the rows of each call before they are joined. */
export function isLimitedByCall({ calls, statement, window }: Question): boolean {
  return calls.length > 1 && (window === undefined || statement.fill.kind === 'none' || hasTransformations({ calls }));
}

function limitedByCall<Row>(rows: readonly Row[], question: Question): readonly Row[] {
  return isLimitedByCall(question) ? limited(question.statement, rows) : rows;
}

/** LIMIT and OFFSET. */
export function limited<Row>({ limit, offset }: Question['statement'], rows: readonly Row[]): readonly Row[] {
  return rows.slice(offset, limit === 0 ? undefined : offset + limit);
}

type WindowEntries = readonly [start: bigint, entries: readonly Entry[]];

/** Windows in which a call finds something, ascending. */
function windowsOf(call: Call, rows: readonly ModelRow[], question: Question): readonly WindowEntries[] {
  const { window, bounds } = question;
  const rowsByStart = new Map<bigint, ModelRow[]>();
  for (const row of rows) {
    const start = window === undefined ? (bounds.minNs ?? 0n) : startOf(row.time, window);
    rowsByStart.set(start, [...(rowsByStart.get(start) ?? []), row]);
  }
  const found = [...rowsByStart].map(([time, each]): WindowEntries => [time, entriesOf(call, each, question)]).filter(([, each]) => each.length > 0);
  return found.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The first window in which any of the calls finds something: where an answer without a lower bound begins. */
function firstOf(group: Group, question: Question): bigint {
  const starts = question.calls.flatMap((call) => windowsOf(innermost(call), group.leadRows, question).map(([start]) => start));
  return starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n);
}

function innermost(call: Call): Call {
  const [argument] = call.args;
  return argument?.kind === 'call' && TRANSFORMATIONS.has(call.name) ? innermost(argument) : call;
}

/** All windows of the answer, and `lead` more before them (under DESC: behind). */
function windowTimes(openNs: bigint, { bounds, window, statement, isOverSubquery }: Question, lead: bigint): bigint[] {
  const leadNs = lead * window!.everyNs;
  const isDescending = statement.order === 'DESC';
  const askedNs = bounds.minNs === undefined ? openNs : startOf(bounds.minNs, window!) - (isDescending ? 0n : leadNs);
  // Rows of a subquery may lie before the range.
  const firstNs = isOverSubquery && openNs < askedNs ? openNs : askedNs;
  const lastNs = startOf(bounds.maxNs!, window!) + (isDescending ? leadNs : 0n);
  const times: bigint[] = [];
  for (let time = firstNs; time <= lastNs; time += window!.everyNs) times.push(time);
  return times;
}

/** What a call makes of rows. */
export function entriesOf(call: Call, rows: readonly ModelRow[], question: Pick<Question, 'schema' | 'statement' | 'window'>): Entry[] {
  const [argument] = call.args;
  return reduce(call, argument?.kind === 'call' ? entriesOf(argument, rows, question) : pointsOf(call, rows, question), picksLast(call, question));
}

/** Series are read in the order of the answer, but for first() and last() without windows, which read the ends of series. */
function picksLast({ name }: Call, { statement, window }: Pick<Question, 'statement' | 'window'>): boolean {
  if (window === undefined && (name === 'first' || name === 'last')) return name === 'last';
  return statement.order === 'DESC';
}

/** The values of a call's field. */
function pointsOf(call: Call, rows: readonly ModelRow[], { schema }: Pick<Question, 'schema'>): Entry[] {
  const { name } = call.args[0] as { readonly name: string };
  return rows.flatMap((row): Entry[] => {
    const value = schema.fieldTypes.has(name) ? rowValue(row, schema, name) : null;
    return value === null || !accepts(call.name, value) ? [] : [{ time: row.time, value, row }];
  });
}

/** A transformation's points, in the order of the answer, from before the answer too. */
function transformed(call: Call, group: Group, question: Question): readonly Entry[] {
  const [argument] = call.args;
  if (argument?.kind !== 'call') return transform(call, inOrder(pointsOf(call, group.rows, question), question), question);
  if (TRANSFORMATIONS.has(argument.name)) return transform(call, transformed(argument, group, question), question);
  return transform(call, filledWindows(argument, group, question, leadOf(call, question)).filter(({ value }) => value !== null), question);
}

/** Windows that the innermost transformation sees before the answer begins: one for each that looks back. */
export function leadOf(call: Call, question: Question): bigint {
  const ofWhole = question.calls.find((each) => contains(each, call)) ?? call;
  let lead = 0n;
  for (let each: Call | undefined = ofWhole; each !== undefined && TRANSFORMATIONS.has(each.name); each = each.args[0]?.kind === 'call' ? each.args[0] : undefined) if (each.name !== 'cumulative_sum') lead += 1n;
  return lead;
}

function contains(outer: Call, inner: Call): boolean {
  const [argument] = outer.args;
  return outer === inner || (argument?.kind === 'call' && contains(argument, inner));
}

/** Of `lead` windows before the answer no more points are read than the greatest period in the statement says. */
function rowsRead(group: Group, { calls, bounds, window, statement }: Question, lead: bigint): readonly ModelRow[] {
  const readNs = (lead < readLead(calls) ? lead : BigInt(readLead(calls))) * window!.everyNs;
  if (statement.order === 'DESC') return group.leadRows.filter(({ time }) => time <= bounds.maxNs! + readNs);
  return group.leadRows.filter(({ time }) => bounds.minNs === undefined || time >= bounds.minNs - readNs);
}

/** The greatest number of earlier points that a transformation of the statement looks back at. */
export function readLead(calls: readonly Call[]): number {
  const leads = calls.flatMap((call): number[] => {
    if (!TRANSFORMATIONS.has(call.name)) return [];
    const [argument, period] = call.args;
    const own = period?.kind === 'integer' ? Number(period.value) : 1;
    return [own, argument?.kind === 'call' ? readLead([argument]) : 0];
  });
  return Math.max(0, ...leads);
}

/** All windows of a call, `lead` more than the answer has, in the order of the answer. */
function filledWindows(call: Call, group: Group, question: Question, lead: bigint): readonly Entry[] {
  const { statement, schema, window, bounds } = question;
  const firstNs = bounds.minNs === undefined ? undefined : startOf(bounds.minNs, window!) - lead * window!.everyNs;
  const lastNs = startOf(bounds.maxNs!, window!) + lead * window!.everyNs;
  const found = windowsOf(call, rowsRead(group, question, lead), question).filter(([start]) => (firstNs === undefined || start >= firstNs) && start <= lastNs);
  if (found.length === 0) return [];
  const byStart = new Map(found);
  const times = inOrder(statement.fill.kind === 'none' ? found.map(([start]) => start) : windowTimes(firstOf(group, question), question, lead), question);
  const values = times.map((time) => byStart.get(time)?.[0]?.value);
  const full = filled({ values, type: typeOfCall(call, schema), isCount: call.name === 'count', isVain: false, isBeside: false }, { times, everyNs: window!.everyNs }, statement.fill);
  return times.map((time, at) => ({ time, value: full[at]!, row: undefined }));
}

function isInAnswer(time: bigint, { bounds, window, statement }: Question): boolean {
  if (window === undefined) return true;
  return statement.order === 'DESC' ? time <= startOf(bounds.maxNs!, window) : bounds.minNs === undefined || time >= startOf(bounds.minNs, window);
}
