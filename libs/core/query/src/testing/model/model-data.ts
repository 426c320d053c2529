import { parseSeriesKey, type FieldType } from '@varve/model';
import type { TestField, TestPoint } from '../memory-source.ts';
import type { Value } from './model-value.ts';

/** One row: all cells of a series at one time. */
export interface ModelRow {
  readonly seriesKey: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly time: bigint;
  readonly fields: ReadonlyMap<string, Value>;
  /** A row even where all cells that are asked for are null. */
  readonly isOfSubquery?: boolean;
}

/** What a SELECT reads from: a measurement, or the answer of an inner SELECT. */
export interface Relation {
  readonly name: string;
  readonly rows: readonly ModelRow[];
  readonly fieldTypes: ReadonlyMap<string, FieldType>;
  readonly tagKeys: ReadonlySet<string>;
  /** Its rows have been looked at for their time. */
  readonly isOfSubquery?: boolean;
}

/** Points as relations by measurement; of two cells of one place the later one is there. Rows come by time, then by series key. */
export function relationsOf(points: readonly TestPoint[]): Relation[] {
  const rows = new Map<string, { readonly key: string; readonly time: bigint; readonly fields: Map<string, TestField> }>();
  for (const { key, timeNs, fields } of points) {
    const place = `${key}\n${timeNs}`;
    const row = rows.get(place) ?? { key, time: timeNs, fields: new Map<string, TestField>() };
    for (const [name, field] of fields) row.fields.set(name, field);
    rows.set(place, row);
  }
  const relations = new Map<string, { name: string; rows: ModelRow[]; fieldTypes: Map<string, FieldType>; tagKeys: Set<string> }>();
  for (const { key, time, fields } of [...rows.values()].sort((left, right) => byTimeThenKey(left, right))) {
    const { measurement, tags } = parseSeriesKey(key);
    const relation = relations.get(measurement) ?? { name: measurement, rows: [], fieldTypes: new Map<string, FieldType>(), tagKeys: new Set<string>() };
    relations.set(measurement, relation);
    for (const [name, { type }] of fields) relation.fieldTypes.set(name, type);
    for (const [name] of tags) relation.tagKeys.add(name);
    relation.rows.push({ seriesKey: key, tags: new Map(tags), time, fields: new Map([...fields].map(([name, field]) => [name, valueOf(field)])) });
  }
  return [...relations.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function byTimeThenKey(left: { readonly key: string; readonly time: bigint }, right: { readonly key: string; readonly time: bigint }): number {
  if (left.time !== right.time) return left.time < right.time ? -1 : 1;
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

function valueOf({ type, value }: TestField): Value {
  return type === 'integer' ? BigInt(value as number | bigint) : value;
}
