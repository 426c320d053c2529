import type { CardinalityScope, KeyMatch, ShowScope, ShowStatement } from './ast.ts';
import { parseCondition, parseDimensions, parseOrder } from './parse-clauses.ts';
import { parseMeasurement, parseOptionalFrom } from './parse-measurements.ts';
import { parseIdentifier, parseIdentifiers, parseOptionalCount, parseOptionalDatabase, parsePattern, parseString } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind SHOW MEASUREMENTS; so with every function of this file. */
export function parseShowMeasurements(stream: TokenStream): ShowStatement {
  const database = parseOptionalDatabase(stream);
  const sources = stream.accept('WITH') ? [parseWithMeasurement(stream)] : [];
  return { kind: 'showMeasurements', database, sources, condition: parseCondition(stream), ...parseShowEnd(stream) };
}

/** `=` and `=~` both take a name or a regular expression. */
function parseWithMeasurement(stream: TokenStream): ReturnType<typeof parseMeasurement> {
  stream.expect('MEASUREMENT');
  if (!stream.accept('=') && !stream.accept('=~')) stream.failExpected(['=', '=~']);
  return parseMeasurement(stream);
}

export function parseShowSeries(stream: TokenStream): ShowStatement {
  const isExact = stream.accept('EXACT');
  if (stream.accept('CARDINALITY')) return { kind: 'showSeriesCardinality', isExact, ...parseCardinalityScope(stream) };
  return { kind: 'showSeries', ...parseShowScope(stream) };
}

/** With `isExact`, CARDINALITY is still to come. */
export function parseShowMeasurementCardinality(stream: TokenStream, isExact: boolean): ShowStatement {
  if (isExact) stream.expect('CARDINALITY');
  return { kind: 'showMeasurementCardinality', isExact, ...parseCardinalityScope(stream) };
}

export function parseShowTagKeys(stream: TokenStream): ShowStatement {
  return {
    kind: 'showTagKeys',
    ...parseShowScope(stream),
    seriesLimit: parseOptionalCount(stream, 'SLIMIT'),
    seriesOffset: parseOptionalCount(stream, 'SOFFSET'),
  };
}

export function parseShowKeyCardinality(stream: TokenStream, kind: 'showTagKeyCardinality' | 'showFieldKeyCardinality'): ShowStatement {
  const isExact = stream.accept('EXACT');
  if (!stream.accept('CARDINALITY')) stream.failExpected(isExact ? ['CARDINALITY'] : ['EXACT', 'CARDINALITY']);
  return { kind, isExact, ...parseCardinalityScope(stream) };
}

export function parseShowTagValues(stream: TokenStream): ShowStatement {
  if (stream.accept('CARDINALITY')) return parseTagValuesCardinality(stream, false);
  if (stream.accept('EXACT')) {
    stream.expect('CARDINALITY');
    return parseTagValuesCardinality(stream, true);
  }
  const database = parseOptionalDatabase(stream);
  const sources = parseOptionalFrom(stream);
  const keyMatch = parseKeyMatch(stream);
  return { kind: 'showTagValues', database, sources, keyMatch, condition: parseCondition(stream), ...parseShowEnd(stream) };
}

function parseTagValuesCardinality(stream: TokenStream, isExact: boolean): ShowStatement {
  const database = parseOptionalDatabase(stream);
  const sources = parseOptionalFrom(stream);
  const keyMatch = parseKeyMatch(stream);
  return { kind: 'showTagValuesCardinality', isExact, database, sources, keyMatch, ...parseCardinalityEnd(stream) };
}

export function parseShowFieldKeys(stream: TokenStream): ShowStatement {
  const database = parseOptionalDatabase(stream);
  const sources = parseOptionalFrom(stream);
  return { kind: 'showFieldKeys', database, sources, condition: undefined, ...parseShowEnd(stream) };
}

export function parseShowRetentionPolicies(stream: TokenStream): ShowStatement {
  return { kind: 'showRetentionPolicies', database: parseOptionalDatabase(stream) };
}

export function parseShowGrants(stream: TokenStream): ShowStatement {
  return { kind: 'showGrants', user: parseIdentifier(stream) };
}

export function parseShowModule(stream: TokenStream, kind: 'showStats' | 'showDiagnostics'): ShowStatement {
  return { kind, module: stream.accept('FOR') ? parseString(stream) || undefined : undefined };
}

/** `[ON …] [FROM …] [WHERE …] [ORDER BY …] [LIMIT …] [OFFSET …]` */
function parseShowScope(stream: TokenStream): ShowScope {
  const database = parseOptionalDatabase(stream);
  const sources = parseOptionalFrom(stream);
  return { database, sources, condition: parseCondition(stream), ...parseShowEnd(stream) };
}

function parseShowEnd(stream: TokenStream): Pick<ShowScope, 'order' | 'limit' | 'offset'> {
  return { order: parseOrder(stream), limit: parseOptionalCount(stream, 'LIMIT'), offset: parseOptionalCount(stream, 'OFFSET') };
}

/** `[ON …] [FROM …] [WHERE …] [GROUP BY …] [LIMIT …] [OFFSET …]` */
function parseCardinalityScope(stream: TokenStream): Omit<CardinalityScope, 'isExact'> {
  const database = parseOptionalDatabase(stream);
  const sources = parseOptionalFrom(stream);
  return { database, sources, ...parseCardinalityEnd(stream) };
}

function parseCardinalityEnd(stream: TokenStream): Pick<CardinalityScope, 'condition' | 'dimensions' | 'limit' | 'offset'> {
  return {
    condition: parseCondition(stream),
    dimensions: parseDimensions(stream),
    limit: parseOptionalCount(stream, 'LIMIT'),
    offset: parseOptionalCount(stream, 'OFFSET'),
  };
}

/** `WITH KEY …` */
function parseKeyMatch(stream: TokenStream): KeyMatch {
  stream.expect('WITH', 'KEY');
  const { kind } = stream.peek();
  switch (kind) {
    case '=':
    case '!=':
      stream.next();
      return { operator: kind, key: parseIdentifier(stream) };
    case '=~':
    case '!~':
      stream.next();
      return { operator: kind, pattern: parsePattern(stream) };
    case 'IN':
      stream.next();
      return { operator: kind, keys: parseKeys(stream) };
    default:
      stream.failExpected(['IN', '=', '=~']);
      return { operator: 'IN', keys: [] };
  }
}

function parseKeys(stream: TokenStream): readonly string[] {
  stream.expect('(');
  const keys = parseIdentifiers(stream);
  stream.expect(')');
  return keys;
}
