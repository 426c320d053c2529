import type { ExplainStatement, Expr, Operator, SelectField, SelectStatement, Source, SubquerySource, Target } from './ast.ts';
import { childrenOf } from './expression-tree.ts';
import { parseCondition, parseDimensions, parseFill, parseOrder, parseTimeZone } from './parse-clauses.ts';
import { parseExpression } from './parse-expression.ts';
import { parseMeasurement, parseTarget, regexSource } from './parse-measurements.ts';
import { parseOptionalCount, parseOptionalName } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind SELECT. */
export function parseSelect(stream: TokenStream): SelectStatement {
  return parseSelectBody(stream, parseTarget);
}

/** What stands behind SELECT of a query that must say INTO. */
export function parseSelectInto(stream: TokenStream): SelectStatement {
  return parseSelectBody(stream, parseRequiredTarget);
}

function parseRequiredTarget(stream: TokenStream): Target | undefined {
  if (stream.peek().kind !== 'INTO') stream.failExpected(['INTO']);
  return parseTarget(stream);
}

/** What stands behind EXPLAIN. */
export function parseExplain(stream: TokenStream): ExplainStatement {
  const isAnalyze = stream.accept('ANALYZE');
  stream.expect('SELECT');
  return { kind: 'explain', isAnalyze, statement: parseSelect(stream) };
}

/** `(SELECT …)`. It has no INTO. */
function parseSubquery(stream: TokenStream): SubquerySource | undefined {
  stream.expect('(', 'SELECT');
  const statement = stream.nest(() => parseSelectBody(stream, () => undefined));
  stream.expect(')');
  return statement && { kind: 'subquery', statement };
}

/** Fields of the result are evaluated in the order of the text. */
function parseSelectBody(stream: TokenStream, parseInto: (stream: TokenStream) => Target | undefined): SelectStatement {
  return {
    kind: 'select',
    fields: parseFields(stream),
    target: parseInto(stream),
    sources: parseSources(stream),
    condition: parseCondition(stream),
    dimensions: parseDimensions(stream),
    fill: parseFill(stream),
    order: parseOrder(stream),
    limit: parseOptionalCount(stream, 'LIMIT'),
    offset: parseOptionalCount(stream, 'OFFSET'),
    seriesLimit: parseOptionalCount(stream, 'SLIMIT'),
    seriesOffset: parseOptionalCount(stream, 'SOFFSET'),
    timeZone: parseTimeZone(stream),
  };
}

function parseFields(stream: TokenStream): readonly SelectField[] {
  const fields = [parseField(stream)];
  while (stream.accept(',')) fields.push(parseField(stream));
  return fields;
}

function parseField(stream: TokenStream): SelectField {
  const pattern = stream.acceptRegex();
  const start = stream.peek();
  const expression: Expr = pattern === undefined ? parseExpression(stream) : { kind: 'regex', pattern };
  const comparison = comparisonIn(expression);
  if (comparison !== undefined) {
    stream.fail(`invalid operator ${comparison} in SELECT clause at ${stream.describe(start)}; operator is intended for WHERE clause`);
  }
  return { expression, alias: stream.accept('AS') ? parseOptionalName(stream) : undefined };
}

/** The first operator in it, if any, that gives true or false. */
function comparisonIn(expression: Expr): Operator | undefined {
  if (expression.kind === 'binary' && !ARITHMETIC.has(expression.operator)) return expression.operator;
  for (const child of childrenOf(expression)) {
    const comparison = comparisonIn(child);
    if (comparison !== undefined) return comparison;
  }
  return undefined;
}

const ARITHMETIC: ReadonlySet<Operator> = new Set(['+', '-', '*', '/', '%', '&', '|', '^']);

function parseSources(stream: TokenStream): readonly Source[] {
  stream.expect('FROM');
  const sources = [parseSource(stream)];
  while (stream.accept(',')) sources.push(parseSource(stream));
  return sources;
}

function parseSource(stream: TokenStream): Source {
  const pattern = stream.acceptRegex();
  if (pattern !== undefined) return regexSource(pattern);
  const subquery = stream.peek().kind === '(' ? parseSubquery(stream) : undefined;
  return subquery ?? parseMeasurement(stream);
}
