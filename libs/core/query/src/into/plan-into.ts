import type { FieldType } from '@varve/model';
import type { Target } from '../influxql/ast.ts';
import { typeOfProjection } from '../plan/expression.ts';
import type { MergePlan, TagColumn } from '../plan/query-plan.ts';
import { resolvePolicy, type NamedPolicy, type SourceDefaults } from '../plan/resolve-sources.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';

/** Where the rows of an answer are written, and which of its columns become which fields. */
export interface IntoPlan extends NamedPolicy {
  /** undefined: the name of each row's source. */
  readonly measurement: string | undefined;
  /** Different names. */
  readonly fields: readonly IntoField[];
  /** Columns that are tags beside those that the answer is grouped by. */
  readonly tags: readonly TagColumn[];
}

export interface IntoField {
  readonly name: string;
  readonly type: FieldType;
  /** Index of the answer's column, the time not counted. */
  readonly column: number;
}

/** What a target takes of an answer (IN1). Of columns of one name it is the last one, as InfluxDB has it. */
export function planInto(target: Target, { columnNames: [time, ...names], tagColumns, projections }: MergePlan, defaults: SourceDefaults): IntoPlan | PlanError {
  const policy = resolvePolicy(target, defaults);
  if ('kind' in policy) return policy;
  if (time !== 'time') return planError('error finding time index in result');
  const isTag = (column: number): boolean => tagColumns.some((tag) => tag.column === column);
  if (names.includes('time')) return planError('a column named "time" cannot be written: give it another name with AS');
  const fields = names.flatMap((name, column): IntoField[] => {
    const type = typeOfProjection(projections[column]!);
    return type === 'unknown' || isTag(column) || names.lastIndexOf(name) !== column ? [] : [{ name, type, column }];
  });
  return { ...policy, measurement: target.measurement || undefined, fields, tags: tagColumns };
}
