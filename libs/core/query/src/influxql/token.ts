/** Words with a meaning of their own, whatever their case. A name that is one of them must be quoted. */
const KEYWORDS = [
  ...(['ALL', 'ALTER', 'ANALYZE', 'AND', 'ANY', 'AS', 'ASC', 'BEGIN', 'BY', 'CARDINALITY', 'CONTINUOUS', 'CREATE'] as const),
  ...(['DATABASE', 'DATABASES', 'DEFAULT', 'DELETE', 'DESC', 'DESTINATIONS', 'DIAGNOSTICS', 'DISTINCT', 'DROP', 'DURATION'] as const),
  ...(['END', 'EVERY', 'EXACT', 'EXPLAIN', 'FALSE', 'FIELD', 'FOR', 'FROM', 'GRANT', 'GRANTS', 'GROUP', 'GROUPS'] as const),
  ...(['IN', 'INF', 'INSERT', 'INTO', 'KEY', 'KEYS', 'KILL', 'LIMIT', 'MEASUREMENT', 'MEASUREMENTS', 'NAME'] as const),
  ...(['OFFSET', 'ON', 'OR', 'ORDER', 'PASSWORD', 'POLICIES', 'POLICY', 'PRIVILEGES', 'QUERIES', 'QUERY'] as const),
  ...(['READ', 'REPLICATION', 'RESAMPLE', 'RETENTION', 'REVOKE', 'SELECT', 'SERIES', 'SET', 'SHARD', 'SHARDS', 'SHOW'] as const),
  ...(['SLIMIT', 'SOFFSET', 'STATS', 'SUBSCRIPTION', 'SUBSCRIPTIONS', 'TAG', 'TO', 'TRUE', 'USER', 'USERS', 'VALUES'] as const),
  ...(['WHERE', 'WITH', 'WRITE'] as const),
] as const;

export type Keyword = (typeof KEYWORDS)[number];

/** The kind is also what an error shows of a token that has no text of its own; the names are InfluxDB's. */
export type TokenKind =
  | Keyword
  | 'EOF' | 'WS' | 'ILLEGAL'
  | 'IDENT' | 'BOUNDPARAM' | 'NUMBER' | 'INTEGER' | 'DURATIONVAL' | 'STRING' | 'REGEX'
  | 'BADSTRING' | 'BADESCAPE' | 'BADREGEX'
  | '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^'
  | '=' | '!=' | '=~' | '!~' | '<' | '<=' | '>' | '>='
  | '(' | ')' | ',' | ':' | '::' | ';' | '.';

export interface Token {
  readonly kind: TokenKind;
  /** Of names, literals and what is illegal; else ''. Unescaped, a bound parameter with its `$`. */
  readonly text: string;
  /** Offset that an error about it points to; one beyond the end is possible. */
  readonly position: number;
  /** Half-open range of the query's text. */
  readonly start: number;
  readonly end: number;
}

/** What an error says was found. */
export function describeToken({ kind, text }: Token): string {
  return text === '' ? kind : text;
}

/** The keyword that a bare word is, if it is one. */
export function keywordOf(word: string): Keyword | undefined {
  return keywordAt(word, 0, word.length);
}

/** The keyword that the bare word in [start, end) of a text is, if it is one. */
export function keywordAt(text: string, start: number, end: number): Keyword | undefined {
  const candidates = KEYWORDS_BY_SHAPE.get(shapeAt(text, start, end)) ?? [];
  for (const keyword of candidates) if (isSpelledAt(text, start, keyword)) return keyword;
  return undefined;
}

/** What words have in common that begin with one letter, and are as long. */
function shapeAt(text: string, start: number, end: number): number {
  return (end - start) * 128 + upperAt(text, start);
}

function isSpelledAt(text: string, start: number, keyword: Keyword): boolean {
  for (let index = 0; index < keyword.length; index += 1) if (upperAt(text, start + index) !== keyword.charCodeAt(index)) return false;
  return true;
}

/** Of a letter the code in upper case, of anything else in a bare word none of a letter. */
function upperAt(text: string, offset: number): number {
  return text.charCodeAt(offset) & ~0x20;
}

const KEYWORDS_BY_SHAPE: ReadonlyMap<number, readonly Keyword[]> = Map.groupBy(KEYWORDS, (keyword) => shapeAt(keyword, 0, keyword.length));
