import type { Database, RetentionPolicy, RetentionPolicyId } from '@varve/model';
import type { MeasurementSource, ShowCardinalityStatement, ShowStatement } from '../influxql/ast.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import type { SeriesQuestion } from './series-question.ts';
import type { ShowFilter } from './show-filter.ts';
import { matcherOf, partMeasurements, type ScopePart, type ShowContext } from './show-scope.ts';

/** What must be collected from data nodes before a SHOW statement can be answered. */
export type ShowNeeds =
  /** The catalog is enough. */
  | { readonly kind: 'catalog' }
  /** The answers to some questions; all of them want the same. */
  | { readonly kind: 'series'; readonly parts: readonly ShowPart[] };

/** What is asked of all shards of some policies. */
export interface ShowPart {
  readonly policies: readonly RetentionPolicyId[];
  readonly question: SeriesQuestion;
}

/** The question that a part of a scope comes to. */
export function showPart(part: ScopePart, wanted: Pick<SeriesQuestion, 'wants' | 'keyMatch'>, { filter, nameFilter, range }: ShowFilter): ShowPart {
  const measurements = partMeasurements(part).map(([name]) => name);
  return { policies: part.policies.map(({ id }) => id), question: { ...wanted, measurements, filter, nameFilter, range } };
}

/** As a SELECT sees it: a source without a policy is in the default one. One part per source; without a FROM one over the default policy. The request may name another default. */
export function selectedParts(statement: ShowCardinalityStatement | (ShowStatement & { readonly kind: 'showSeries' }), context: ShowContext): readonly ScopePart[] | PlanError {
  const everything: MeasurementSource = { kind: 'measurement', database: undefined, retentionPolicy: undefined, name: undefined, regex: undefined };
  const parts: ScopePart[] = [];
  for (const source of statement.sources.length === 0 ? [everything] : statement.sources) {
    const policy = policyOf(source, statement.database ?? context.database, context);
    if ('kind' in policy) return policy;
    parts.push({ policies: [policy], isWanted: matcherOf(source) });
  }
  return parts;
}

function policyOf(source: MeasurementSource, defaultDatabase: string | undefined, { catalog, retentionPolicy }: ShowContext): RetentionPolicy | PlanError {
  const name = source.database ?? defaultDatabase;
  if (name === undefined || name === '') return planError('database name required');
  const database: Database | undefined = catalog.databases.get(name);
  if (database === undefined) return planError(`database not found: ${name}`);
  const wanted = source.retentionPolicy ?? retentionPolicy ?? database.defaultRetentionPolicy;
  return database.retentionPolicies.get(wanted) ?? planError(`retention policy not found: ${wanted}`);
}
