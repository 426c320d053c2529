import { parseDuration } from './duration.ts';
import { MAX_INT64, MAX_UINT64, parseWholeNumber } from './int64.ts';
import { quoteSegments } from './quote.ts';
import type { TokenStream } from './token-stream.ts';

/** A bare word or a quoted name. */
export function parseIdentifier(stream: TokenStream): string {
  if (stream.peek().kind === 'IDENT') return stream.next().text;
  stream.failExpected(['identifier']);
  return '';
}

/** A name, or undefined for `""`, which InfluxDB takes for no name at all. */
export function parseOptionalName(stream: TokenStream): string | undefined {
  return parseIdentifier(stream) || undefined;
}

/** `name, name …` */
export function parseIdentifiers(stream: TokenStream): readonly string[] {
  const names = [parseIdentifier(stream)];
  while (stream.accept(',')) names.push(parseIdentifier(stream));
  return names;
}

/** `ON name`, when there is an ON. */
export function parseOptionalDatabase(stream: TokenStream): string | undefined {
  return stream.accept('ON') ? parseOptionalName(stream) : undefined;
}

/** `name ON database`. */
export function parseNameOnDatabase(stream: TokenStream): { readonly name: string; readonly database: string } {
  const name = parseIdentifier(stream);
  stream.expect('ON');
  return { name, database: parseIdentifier(stream) };
}

/** `a.b.c`, `a..c`, or `a.b.` with something else behind the last point. */
interface Segments {
  /** 1 … 3; one left out is ''. */
  readonly names: readonly string[];
  readonly endsWithPoint: boolean;
}

/** Blanks may stand behind a point, not before it. */
export function parseSegments(stream: TokenStream): Segments {
  const names = [parseIdentifier(stream)];
  let endsWithPoint = false;
  while (stream.acceptAdjacent('.')) {
    const next = stream.peekCharacter();
    endsWithPoint = next === '/' || next === ':';
    if (endsWithPoint) break;
    names.push(next === '.' ? '' : parseIdentifier(stream));
  }
  if (names.length > 3) stream.failAt(`too many segments in ${quoteSegments(names)}`, 'start');
  return { names, endsWithPoint };
}

export function parseString(stream: TokenStream): string {
  if (stream.peek().kind === 'STRING') return stream.next().text;
  stream.failExpected(['string']);
  return '';
}

/** `'…', '…' …` */
export function parseStrings(stream: TokenStream): readonly string[] {
  const texts = [parseString(stream)];
  while (stream.accept(',')) texts.push(parseString(stream));
  return texts;
}

/** A regular expression; its pattern. */
export function parsePattern(stream: TokenStream): string {
  const pattern = stream.acceptRegex();
  if (pattern === undefined) stream.failExpected(['regex']);
  return pattern ?? '';
}

/** A number of copies. */
export function parseReplicaCount(stream: TokenStream): number {
  const token = stream.peek();
  const value = parseWhole(stream, 'Atoi', MAX_INT64);
  if (value >= 1n && value <= MAX_REPLICA_COUNT) return Number(value);
  stream.failAt(`invalid value ${value}: must be 1 <= n <= ${MAX_REPLICA_COUNT}`, token);
  return 1;
}

/** The number of a query or a shard. */
export function parseUint64(stream: TokenStream): bigint {
  return parseWhole(stream, 'ParseUint', MAX_UINT64);
}

function parseWhole(stream: TokenStream, goFunction: string, max: bigint): bigint {
  const token = stream.peek();
  if (token.kind !== 'INTEGER') {
    stream.failExpected(['integer']);
    return 0n;
  }
  const value = parseWholeNumber(stream.next().text);
  if (value !== undefined && value <= max) return value;
  stream.failAt(`strconv.${goFunction}: parsing "${token.text}": value out of range`, token);
  return 0n;
}

/** `keyword n`, when the keyword is there: at most 2^53 − 1, a greater number becomes that. Else 0. */
export function parseOptionalCount(stream: TokenStream, keyword: 'LIMIT' | 'OFFSET' | 'SLIMIT' | 'SOFFSET'): number {
  if (!stream.accept(keyword)) return 0;
  const token = stream.peek();
  if (token.kind !== 'INTEGER') {
    stream.failExpected(['integer']);
    return 0;
  }
  const value = parseWholeNumber(stream.next().text);
  if (value !== undefined && value < 0n) stream.failAt(`${keyword} must be >= 0`, token);
  return value === undefined || value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** A duration; INF is 0. */
export function parseDurationOrInf(stream: TokenStream): bigint {
  if (stream.accept('INF')) return 0n;
  return parseDurationClause(stream);
}

/** A duration as the value of a clause. */
export function parseDurationClause(stream: TokenStream): bigint {
  const token = stream.peek();
  if (token.kind !== 'DURATIONVAL') {
    stream.failExpected(['duration']);
    return 0n;
  }
  const duration = parseDuration(stream.next().text);
  if (duration.kind === 'duration') return duration.ns;
  stream.failAt(duration.message, token);
  return 0n;
}

const MAX_REPLICA_COUNT = 2_147_483_647;
