import { parseSeriesKey, type FieldType, type SeriesBlock, type TagSet } from '@varve/model';
import type { Expr, ShowCardinalityStatement } from '../influxql/ast.ts';
import { tagValue } from '../operators/tag-value.ts';
import { textMatcher } from '../influxql/text-matcher.ts';
import type { PlanError } from '../plan/schema-view.ts';
import { isEstimate } from './cardinality-needs.ts';
import { keyMatcher } from './key-matcher.ts';
import { selectedParts } from './selected-parts.ts';
import type { NamedSeries } from './series-question.ts';
import { compareTexts, partMeasurements, type ShowContext } from './show-scope.ts';

/** What was collected for a cardinality. */
interface CardinalityInputs extends ShowContext {
  readonly names: readonly NamedSeries[];
  /** Of a sketch. */
  readonly estimate: number;
}

/** What is counted together: one row of the answer. */
interface Group {
  readonly name: string;
  readonly tags: TagSet | undefined;
  readonly counted: Set<string>;
}

/** The answer to SHOW … CARDINALITY. A count of 0 is no row; LIMIT and OFFSET are of the one row of each series. */
export function cardinalityRows(statement: ShowCardinalityStatement, inputs: CardinalityInputs): readonly SeriesBlock[] | PlanError {
  if (isEstimate(statement)) return [countBlock({ name: '', tags: undefined }, 'cardinality estimation', estimateOf(statement, inputs))];
  const fields = scopedFields(statement, inputs);
  if ('kind' in fields) return fields;
  if (statement.offset > 0) return [];
  const groups = groupsOf(statement, inputs.names, fields).filter(({ counted }) => counted.size > 0);
  return groups.sort(compareGroups).map((group) => countBlock(group, 'count', group.counted.size));
}

function estimateOf(statement: ShowCardinalityStatement, { names, estimate }: CardinalityInputs): number {
  return statement.kind === 'showSeriesCardinality' ? estimate : new Set(names.map(({ measurement }) => measurement)).size;
}

type Fields = ReadonlyMap<string, ReadonlyMap<string, FieldType>>;

function scopedFields(statement: ShowCardinalityStatement, inputs: CardinalityInputs): Fields | PlanError {
  const parts = selectedParts(statement, inputs);
  if ('kind' in parts) return parts;
  const all = new Map<string, Map<string, FieldType>>();
  for (const [name, fields] of parts.flatMap(partMeasurements)) all.set(name, new Map([...(all.get(name) ?? []), ...fields]));
  return all;
}

function groupsOf(statement: ShowCardinalityStatement, names: readonly NamedSeries[], fields: Fields): Group[] {
  const groups = new Map<string, Group>();
  const groupOf = (measurement: string, tags: TagSet | undefined): Group => {
    const name = statement.kind === 'showMeasurementCardinality' ? '' : measurement;
    const id = JSON.stringify([name, tags]);
    const group = groups.get(id) ?? { name, tags, counted: new Set() };
    groups.set(id, group);
    return group;
  };
  const dimensionsOf = groupTags(statement.dimensions, names);
  const counts = countedOfName(statement, fields);
  for (const each of names) for (const counted of counts(each)) groupOf(each.measurement, dimensionsOf(each)).counted.add(counted);
  return [...groups.values()];
}

/** What a collected name adds to a count: itself, or what a series has of what is counted. */
function countedOfName(statement: ShowCardinalityStatement, fields: Fields): (named: NamedSeries) => Iterable<string> {
  const isOfSeries = statement.dimensions.length > 0;
  switch (statement.kind) {
    case 'showSeriesCardinality':
      return ({ name }) => [name];
    case 'showMeasurementCardinality':
      return ({ measurement }) => [measurement];
    case 'showFieldKeyCardinality':
      return ({ measurement }) => fields.get(measurement)?.keys() ?? [];
    case 'showTagKeyCardinality':
      return ({ name }) => (isOfSeries ? parseSeriesKey(name).tags.map(([key]) => key) : [name]);
    case 'showTagValuesCardinality': {
      const isWanted = keyMatcher(statement.keyMatch);
      return ({ name, value }) => (isOfSeries ? parseSeriesKey(name).tags.filter(([key]) => isWanted(key)).map(([, each]) => each) : [value!]);
    }
  }
}

/** The tags of the group that a series is in, sorted; undefined without GROUP BY. */
function groupTags(dimensions: readonly Expr[], names: readonly NamedSeries[]): (named: NamedSeries) => TagSet | undefined {
  if (dimensions.length === 0) return () => undefined;
  const isOpen = dimensions.some(({ kind }) => kind !== 'variable');
  const known = isOpen ? new Set(names.flatMap(({ name }) => parseSeriesKey(name).tags.map(([key]) => key))) : [];
  const keys = dimensions.flatMap((each) => {
    if (each.kind === 'variable') return [each.name];
    return each.kind === 'regex' ? [...known].filter(textMatcher(each.pattern)) : [...known];
  });
  const sorted = [...new Set(keys)].sort();
  return ({ name }) => {
    const { tags } = parseSeriesKey(name);
    return sorted.map((key) => [key, tagValue(tags, key)] as const);
  };
}

function compareGroups(left: Group, right: Group): number {
  if (left.name !== right.name) return compareTexts(left.name, right.name);
  const differing = left.tags?.findIndex(([, value], index) => value !== right.tags![index]![1]) ?? -1;
  return differing < 0 ? 0 : compareTexts(left.tags![differing]![1], right.tags![differing]![1]);
}

function countBlock({ name, tags }: Pick<Group, 'name' | 'tags'>, column: string, count: number): SeriesBlock {
  return { name, tags, columns: [column], times: undefined, cells: [[count]], rowCount: 1, isPartial: false };
}
