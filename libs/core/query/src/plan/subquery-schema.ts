import type { FieldType } from '@varve/model';
import type { ExpandableNames } from './expand-fields.ts';
import type { RowColumn } from './query-plan.ts';

/** What the rows of a subquery have for the statement around it. A name may stand in all three; the first that has it counts. */
export interface SubquerySchema {
  /** Columns with values. */
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Tags that were selected. */
  readonly tagColumns: ReadonlySet<string>;
  /** Those that `*` stands for. */
  readonly listedTags: readonly string[];
  /** Tags that it groups by, sorted. */
  readonly dimensions: readonly string[];
}

export function subquerySchema(columns: readonly RowColumn[], dimensions: readonly string[]): SubquerySchema {
  const tags = columns.filter(({ isTag }) => isTag);
  return {
    fields: columnTypes(columns.filter(({ isTag }) => !isTag)),
    tagColumns: new Set(tags.map(({ name }) => name)),
    listedTags: tags.filter(({ isListed }) => isListed).map(({ name }) => name),
    dimensions,
  };
}

/** The types of columns by name. */
export function columnTypes(columns: readonly RowColumn[]): ReadonlyMap<string, FieldType> {
  return new Map(columns.map(({ name, type }) => [name, type]));
}

/** All columns that a name can stand for: a selected one before a tag that is only grouped by. */
export function withDimensions(columns: readonly RowColumn[], dimensions: readonly string[]): readonly RowColumn[] {
  const others = dimensions.filter((key) => columns.every(({ name }) => name !== key));
  return [...columns, ...others.map((name): RowColumn => ({ name, type: 'string', isTag: true, isListed: true, projection: undefined }))];
}

/** The names that are tags beyond doubt: keys of measurements, and what subqueries select or group by of such keys. */
export function knownTags(measured: readonly string[], rows: readonly SubquerySchema[]): ReadonlySet<string> {
  return new Set([...measured, ...rows.flatMap(({ tagColumns, dimensions }) => [...tagColumns, ...dimensions])]);
}

interface Nameable {
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Tag keys of measurements. */
  readonly measured: readonly string[];
  readonly rows: readonly SubquerySchema[];
}

/**
 * What a wildcard in a select list stands for: fields, tags that the answer is not grouped by, and tags that a subquery selects but for those in its top(). `all`: beside
 * `*` or a pattern in GROUP BY no tag is a column, whether it stands for it or not.
 */
export function expandableNames({ fields, measured, rows }: Nameable, dimensions: readonly string[] | 'all'): Omit<ExpandableNames, 'showsTagsOfTop'> {
  if (measured.length === 0 && rows.length === 0) return { fields, tagKeys: [] };
  const grouped = dimensions === 'all' ? [] : [...measured, ...rows.flatMap((each) => each.dimensions)].filter((key) => !dimensions.includes(key));
  const selected = rows.flatMap(({ listedTags }) => listedTags);
  const tagKeys = new Set([...grouped, ...selected]);
  return { fields, tagKeys: [...tagKeys].filter((key) => measured.includes(key) || !fields.has(key)).sort() };
}
