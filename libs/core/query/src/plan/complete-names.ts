import type { Catalog } from '@varve/model';
import type { ContinuousQueryStatement, MeasurementSource, SelectStatement, Source, Target } from '../influxql/ast.ts';
import { planError, type PlanError } from './schema-view.ts';

/** Where names are looked up, and what stands for those that a statement leaves out. */
interface NameContext {
  readonly catalog: Catalog;
  readonly database: string | undefined;
  /** Of sources and targets that name none; undefined: the default of their database. */
  readonly retentionPolicy: string | undefined;
}

type CreateContinuousQuery = Extract<ContinuousQueryStatement, { readonly kind: 'createContinuousQuery' }>;

/**
 * The statement with the database and the policy of every source and target filled in, as InfluxDB keeps and shows it. What
 * is left out comes from the request, the database else from the statement itself. All of them are there at this moment;
 * that they stay is not promised.
 */
export function completeContinuousQuery(statement: CreateContinuousQuery, context: NameContext): CreateContinuousQuery | PlanError {
  const database = context.database || statement.database;
  const completed = completeSelect(statement.statement, { ...context, database });
  if (completed.kind === 'error') return completed;
  return policyProblem(completed, context.catalog) ?? { ...statement, statement: completed };
}

/** A SELECT, its subqueries too, with all names filled in; its databases are there. */
export function completeSelect(statement: SelectStatement, context: NameContext): SelectStatement | PlanError {
  const target = statement.target && completeName(statement.target, context);
  if (target !== undefined && 'kind' in target) return target;
  const sources: Source[] = [];
  for (const source of statement.sources) {
    const completed = completeSource(source, context);
    if (completed.kind === 'error') return completed;
    sources.push(completed);
  }
  return { ...statement, target, sources };
}

function completeSource(source: Source, context: NameContext): Source | PlanError {
  if (source.kind === 'subquery') {
    const statement = completeSelect(source.statement, context);
    return statement.kind === 'error' ? statement : { ...source, statement };
  }
  const named = completeName(source, context);
  return 'text' in named ? named : { ...source, ...named };
}

type Names = Pick<MeasurementSource | Target, 'database' | 'retentionPolicy'>;

function completeName<Named extends Names>(named: Named, context: NameContext): Named | PlanError {
  const name = named.database ?? context.database;
  if (name === undefined || name === '') return planError('database name required');
  const database = context.catalog.databases.get(name);
  if (database === undefined) return planError(`database not found: ${name}`);
  const retentionPolicy = named.retentionPolicy ?? (context.retentionPolicy || database.defaultRetentionPolicy);
  return { ...named, database: name, retentionPolicy };
}

/** InfluxDB looks at policies when all databases are there, the target first. */
function policyProblem({ target, sources }: SelectStatement, catalog: Catalog): PlanError | undefined {
  for (const each of target === undefined ? sources : [target, ...sources]) {
    const problem = 'statement' in each ? policyProblem(each.statement, catalog) : missingPolicy(each, catalog);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function missingPolicy({ database = '', retentionPolicy = '' }: Names, { databases }: Catalog): PlanError | undefined {
  const isThere = databases.get(database)?.retentionPolicies.has(retentionPolicy) === true;
  return isThere ? undefined : planError(`retention policy not found: ${database}.${retentionPolicy}`);
}
