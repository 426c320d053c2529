import type { Statement } from './ast.ts';
import { parseStatement } from './parse-statement.ts';
import { TokenStream } from './token-stream.ts';

/** The statements of a query; or what InfluxDB 1.x says behind `error parsing query: `. */
export type ParseResult =
  | { readonly kind: 'statements'; readonly statements: readonly Statement[] }
  | { readonly kind: 'error'; readonly message: string };

/**
 * Parses a query: any number of statements with `;` between them. Never throws, and takes time linear in the text.
 *
 * `params` are the values of `$name` in the text, as JSON has them: strings, numbers (bigint for an int64), booleans, or
 * `{ identifier | regex | string | float | integer | duration: value }`. What is no such value is an error where it is used.
 */
export function parseQuery(text: string, params: Readonly<Record<string, unknown>> = {}): ParseResult {
  const parts = parsedInParts(text, params);
  for (;;) {
    const { done, value } = parts.next();
    if (done === true) return value;
  }
}

/** As {@link parseQuery}; after every few hundred tokens, and the statement that they end in, and every pattern that is compiled there is a part: others may have a turn. */
export function* parsedInParts(text: string, params: Readonly<Record<string, unknown>> = {}): Generator<void, ParseResult> {
  const stream = new TokenStream(text, params);
  const statements: Statement[] = [];
  let partTokenCount = 0;
  for (;;) {
    while (stream.accept(';'));
    if (stream.peek().kind === 'EOF') break;
    const statement = parseStatement(stream);
    if (statement !== undefined) statements.push(statement);
    const { kind } = stream.peek();
    if (kind !== ';' && kind !== 'EOF') stream.failExpected([';']);
    if (stream.tokenCount - partTokenCount < PART_TOKEN_COUNT) continue;
    partTokenCount = stream.tokenCount;
    yield;
    yield* stream.checkPatterns();
  }
  yield* stream.checkPatterns();
  return stream.error === undefined ? { kind: 'statements', statements } : { kind: 'error', message: stream.error };
}

/** Some hundred microseconds. */
const PART_TOKEN_COUNT = 512;
