import type { Expr, Fill, MeasurementSource, Order, SelectField, SelectStatement, Source, Target } from './ast.ts';
import { formatExpr, formatRegex } from './print.ts';
import { quoteIdentifier, quoteString } from './quote.ts';

/** A SELECT; parsing the text gives the same statement. */
export function formatSelect(statement: SelectStatement): string {
  return joinClauses(
    'SELECT',
    statement.fields.map(formatField).join(', '),
    statement.target && formatTarget(statement.target),
    formatFrom(statement.sources),
    formatWhere(statement.condition),
    formatDimensions(statement.dimensions),
    formatFill(statement.fill),
    formatOrder(statement.order),
    formatCount('LIMIT', statement.limit),
    formatCount('OFFSET', statement.offset),
    formatCount('SLIMIT', statement.seriesLimit),
    formatCount('SOFFSET', statement.seriesOffset),
    statement.timeZone && `TZ(${quoteString(statement.timeZone)})`,
  );
}

/** Puts a blank between the clauses that are there. */
export function joinClauses(...clauses: readonly (string | undefined)[]): string {
  return clauses.filter((clause) => clause !== undefined).join(' ');
}

/** `FROM …`; undefined for nothing. */
export function formatFrom(sources: readonly Source[]): string | undefined {
  return sources.length === 0 ? undefined : `FROM ${sources.map(formatSource).join(', ')}`;
}

/** `WHERE …` */
export function formatWhere(condition: Expr | undefined): string | undefined {
  return condition && `WHERE ${formatExpr(condition)}`;
}

/** `GROUP BY …` */
export function formatDimensions(dimensions: readonly Expr[]): string | undefined {
  return dimensions.length === 0 ? undefined : `GROUP BY ${dimensions.map(formatExpr).join(', ')}`;
}

/** `ORDER BY time …` */
export function formatOrder(order: Order | undefined): string | undefined {
  return order && `ORDER BY time ${order}`;
}

/** `LIMIT n` and the like; 0 is nothing. */
export function formatCount(keyword: string, count: number): string | undefined {
  return count === 0 ? undefined : `${keyword} ${count}`;
}

/** A measurement with its database and policy. */
export function formatMeasurement({ database, retentionPolicy, name, regex }: MeasurementSource): string {
  return formatOwners(database, retentionPolicy) + (regex === undefined ? quoteIdentifier(name ?? '') : formatRegex(regex));
}

function formatField({ expression, alias }: SelectField): string {
  return alias === undefined ? formatExpr(expression) : `${formatExpr(expression)} AS ${quoteIdentifier(alias)}`;
}

function formatSource(source: Source): string {
  return source.kind === 'subquery' ? `(${formatSelect(source.statement)})` : formatMeasurement(source);
}

function formatTarget({ database, retentionPolicy, measurement }: Target): string {
  return `INTO ${formatOwners(database, retentionPolicy)}${measurement === undefined ? ':MEASUREMENT' : quoteIdentifier(measurement)}`;
}

/** `database.policy.`, `database..`, `policy.` or nothing. */
function formatOwners(database: string | undefined, retentionPolicy: string | undefined): string {
  const policy = retentionPolicy === undefined ? '' : quoteIdentifier(retentionPolicy);
  if (database !== undefined) return `${quoteIdentifier(database)}.${policy}.`;
  return policy === '' ? '' : `${policy}.`;
}

function formatFill(fill: Fill): string | undefined {
  switch (fill.kind) {
    case 'null':
      return undefined;
    case 'number':
      return `fill(${formatFillValue(fill.value)})`;
    default:
      return `fill(${fill.kind})`;
  }
}

/** As short as it can be; what is no integer must not look like one. */
function formatFillValue(value: number | bigint): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return `${value}`;
  const text = `${value}`;
  return text.includes('e') || Number.isInteger(value) ? formatExpr({ kind: 'number', value }) : text;
}
