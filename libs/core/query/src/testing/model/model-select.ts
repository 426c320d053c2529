import type { FieldType } from '@varve/model';
import type { Call, Expr, SelectStatement } from '../../influxql/ast.ts';
import type { AnswerSeries } from '../memory-engine.ts';
import { isLimitedByCall, limited, readLead } from './model-calls.ts';
import { columnsOf, groupTags, schemaOfAll, type ModelColumn } from './model-columns.ts';
import { intersected, passes, timeBounds, type TimeBounds } from './model-condition.ts';
import type { ModelRow, Relation } from './model-data.ts';
import { callsIn, typeOfExpression, variablesIn, type Group, type Question, type Window } from './model-question.ts';
import { rowsOf } from './model-rows.ts';
import { evaluate, type Value } from './model-value.ts';

// A SELECT by its definition: every row is looked at, in the plainest code that can be right. It shares the parser with
// the engine and nothing else.

/** One series of an answer. */
export interface ModelSeries {
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

export interface ModelWorld {
  readonly relations: readonly Relation[];
  readonly nowNs: bigint;
  /** Bounds of the statements around this one. */
  readonly outside?: TimeBounds;
}

/** All series of the answer. */
export function select(statement: SelectStatement, world: ModelWorld): ModelSeries[] {
  const question = questionOf(statement, world);
  const { relations, columns } = question;
  const isDescending = statement.order === 'DESC';
  const groups = (isDescending ? relations.toReversed() : relations).flatMap((relation) => {
    const hasLimit = statement.seriesLimit > 0 || statement.seriesOffset > 0;
    const unlimited = { ...question, statement: { ...statement, limit: 0, offset: 0 } };
    const ofRelation = groupsOf(relation, question).filter((group) => !hasLimit || rowsOf(group, unlimited).length > 0);
    const chosen = seriesLimited(statement, ofRelation);
    return isDescending ? chosen.toReversed() : chosen;
  });
  return groups.flatMap((group) => {
    const rows = isLimitedByCall(question) ? rowsOf(group, question) : limited(statement, rowsOf(group, question));
    return rows.length === 0 ? [] : [{ name: group.name, tags: group.tags, columns: ['time', ...columns.map(({ name }) => name)], rows }];
  });
}

function questionOf(statement: SelectStatement, world: ModelWorld): Question & { readonly relations: readonly Relation[] } {
  const relations = sourcesOf(statement, world);
  const schema = schemaOfAll(relations);
  const columns = columnsOf(statement, schema);
  const found = callsIn(columns.map(({ expression }) => expression));
  const calls = found.filter((call, at) => at === found.findIndex((each) => textOf(each) === textOf(call)));
  const indexes = new Map<Expr, number>(found.map((call) => [call, calls.findIndex((each) => textOf(each) === textOf(call))]));
  const window = windowOf(statement, world.nowNs);
  const bounds = intersected(timeBounds(statement.condition, world.nowNs), world.outside ?? { minNs: undefined, maxNs: undefined });
  const ownBounds = window !== undefined && bounds.maxNs === undefined ? { ...bounds, maxNs: world.nowNs } : bounds;
  return { relations, statement, columns, calls, indexes, schema, window, isOverSubquery: statement.sources.some(({ kind }) => kind === 'subquery'), bounds: ownBounds, leadNs: BigInt(readLead(calls)) * (window?.everyNs ?? 0n) };
}

/** A relation that a FROM names twice has each of its rows twice. */
function sourcesOf(statement: SelectStatement, world: ModelWorld): Relation[] {
  const counts = new Map<Relation, number>();
  const add = (relation: Relation): void => void counts.set(relation, (counts.get(relation) ?? 0) + 1);
  for (const source of statement.sources) {
    if (source.kind === 'subquery') {
      relationsOfInner(source.statement, statement, world).forEach(add);
      continue;
    }
    const pattern = source.regex === undefined ? undefined : new RegExp(source.regex, 'u');
    for (const relation of world.relations) if (pattern?.test(relation.name) ?? relation.name === source.name) add(relation);
  }
  const found = [...counts].map(([relation, count]): Relation => ({ ...relation, rows: relation.rows.flatMap((row) => new Array<ModelRow>(count).fill(row)) }));
  return found.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The rows of a subquery as points: it is narrowed by the bounds around it, groups by what they group by, too, and has their windows if it has none. */
function relationsOfInner(inner: SelectStatement, outer: SelectStatement, world: ModelWorld): Relation[] {
  const own = inner.dimensions.some(({ kind }) => kind === 'call');
  const lent = outer.dimensions.filter((each) => each.kind === 'variable' || (each.kind === 'call' && !own && callsIn(inner.fields.map(({ expression }) => expression)).length > 0));
  const isUnfilled = inner.fill.kind === 'null';
  const narrowed: SelectStatement = { ...inner, dimensions: [...inner.dimensions, ...lent], order: outer.order, fill: isUnfilled ? { kind: 'none' } : inner.fill };
  const outside = timeBounds(outer.condition, world.nowNs);
  const asked = { ...world, outside: intersected(world.outside ?? { minNs: undefined, maxNs: undefined }, outside) };
  const question = questionOf(narrowed, asked);
  const isKnown = ({ expression }: ModelColumn): boolean => variablesIn([expression]).every((name) => question.schema.fieldTypes.has(name) || question.schema.tagKeys.has(name));
  const types = new Map(question.columns.filter(isKnown).map(({ name, expression }) => [name, typeOfExpression(expression, question.schema)]));
  const tagKeys = new Set(groupTags(inner, question.schema));
  const relations = new Map<string, { name: string; rows: ModelRow[]; fieldTypes: ReadonlyMap<string, FieldType>; tagKeys: ReadonlySet<string>; isOfSubquery: boolean }>();
  for (const { name, tags, columns, rows } of select(narrowed, asked)) {
    const relation = relations.get(name) ?? { name, rows: [], fieldTypes: types, tagKeys, isOfSubquery: true };
    relations.set(name, relation);
    const seriesKey = JSON.stringify([...tags]);
    for (const [time, ...cells] of outer.order === 'DESC' ? rows.toReversed() : rows) relation.rows.push({ seriesKey, tags, isOfSubquery: true, time: time as bigint, fields: new Map(cells.map((cell, at) => [columns[at + 1]!, cell])) });
  }
  return [...relations.values()].map((each) => ({ ...each, rows: each.rows.sort((left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0)) }));
}

function textOf(call: Call): string {
  return JSON.stringify(call, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

function windowOf({ dimensions }: SelectStatement, nowNs: bigint): Window | undefined {
  const time = dimensions.find((each) => each.kind === 'call');
  if (time?.kind !== 'call') return undefined;
  const [every, offset] = time.args.map((each) => (each.kind === 'call' ? nowNs : (evaluate(each, () => undefined) as bigint)));
  return { everyNs: every!, offsetNs: offset ?? 0n };
}

function groupsOf(relation: Relation, { statement, schema, bounds, leadNs }: Question): Group[] {
  const isDescending = statement.order === 'DESC';
  const [beforeNs, behindNs] = isDescending ? [0n, leadNs] : [leadNs, 0n];
  const keys = groupTags(statement, schema);
  const groups = new Map<string, { readonly name: string; readonly tags: Map<string, string>; readonly rows: ModelRow[]; readonly leadRows: ModelRow[] }>();
  for (const row of relation.rows) {
    if (relation.isOfSubquery !== true && ((bounds.minNs !== undefined && row.time < bounds.minNs - beforeNs) || (bounds.maxNs !== undefined && row.time > bounds.maxNs + behindNs))) continue;
    if (!passes(statement.condition, { valueOf: (name) => conditionValue(row, relation, name), isTag: (name) => !relation.fieldTypes.has(name) })) continue;
    const tags = new Map(keys.map((key) => [key, row.tags.get(key) ?? '']));
    const id = [...tags.values()].join('\0');
    const group = groups.get(id) ?? { name: relation.name, tags, rows: [], leadRows: [] };
    groups.set(id, group);
    group.leadRows.push(row);
    if (relation.isOfSubquery === true) group.rows.push(row);
    else if ((bounds.minNs === undefined || row.time >= bounds.minNs) && (bounds.maxNs === undefined || row.time <= bounds.maxNs)) group.rows.push(row);
  }
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => group);
}

/** In WHERE a name is what it is in this source: a field of its type, or a tag; of the rows of a subquery one that is not there is an empty text. */
function conditionValue(row: ModelRow, relation: Relation, name: string): Value {
  if (relation.fieldTypes.has(name)) return row.fields.get(name) ?? null;
  return row.tags.get(name) ?? (relation.isOfSubquery === true ? '' : null);
}

/** Counted in ascending order, whatever the order of the answer. */
function seriesLimited({ seriesLimit, seriesOffset }: SelectStatement, groups: readonly Group[]): readonly Group[] {
  return groups.slice(seriesOffset, seriesLimit === 0 ? undefined : seriesOffset + seriesLimit);
}

/** Series of the model as those of an answer. */
export function asAnswer(series: readonly ModelSeries[]): { readonly series?: readonly AnswerSeries[] } {
  if (series.length === 0) return {};
  return { series: series.map(({ name, tags, columns, rows }) => ({ name, ...(tags.size === 0 ? {} : { tags: Object.fromEntries(tags) }), columns, values: rows.map((row) => row.map((cell) => (Number.isNaN(cell) ? null : cell))) })) };
}
