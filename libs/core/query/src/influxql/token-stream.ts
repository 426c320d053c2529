import { RE2JSException } from 're2js';
import { boundToken, faultOf, type BoundToken } from './bound-value.ts';
import { clipText } from './clip-text.ts';
import { textMatcher, patternCost } from './text-matcher.ts';
import { Lexer } from './lexer.ts';
import { describeToken, type Token, type TokenKind } from './token.ts';

/** How deep parentheses, calls and subqueries may nest. */
export const MAX_NESTING = 100;
/** How many tokens a query may have: a parsed query takes some hundred bytes for each. */
export const MAX_TOKEN_COUNT = 1_000_000;
/** Characters of all regular expressions of a query together, repetitions written out; those of lists of literals count a sixteenth. Compiling takes about 3 µs for each. */
export const MAX_PATTERN_SIZE = 16_384;

/**
 * The tokens of a query as the parser takes them, and its one error.
 *
 * The first failure is kept and ends the stream: from then on there is nothing but EOF. So the functions of the parser
 * need not look whether something went wrong; they run out of tokens, and what they return is thrown away.
 */
export class TokenStream {
  /** The first failure; InfluxDB's text where it has one. */
  error: string | undefined;
  readonly #lexer: Lexer;
  readonly #params: Readonly<Record<string, unknown>>;
  /** Behind the token taken last. */
  #offset = 0;
  /** What follows it, when that was looked at: without blanks between, and behind them. */
  #adjacent: Token | undefined;
  #peeked: Token | undefined;
  #last: Token | undefined;
  #tokenCount = 0;
  #patternSize = 0;
  #uncheckedPatterns: Token[] = [];
  #nesting = 0;

  constructor(text: string, params: Readonly<Record<string, unknown>>) {
    this.#lexer = new Lexer(text);
    this.#params = params;
  }

  /** The next token that is neither blank nor comment. */
  peek(): Token {
    this.#peeked ??= this.#adjacent === undefined || this.#adjacent.kind === 'WS' ? this.#tokenAt(this.#lexer.skipBlanks(this.#offset)) : this.#adjacent;
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#take(token);
    return token;
  }

  /** The token taken last. */
  get last(): Token {
    return this.#last ?? this.peek();
  }

  accept(kind: TokenKind): boolean {
    const token = this.peek();
    if (token.kind !== kind) return false;
    this.#take(token);
    return true;
  }

  /** Takes these tokens in a row, or fails. */
  expect(...kinds: readonly TokenKind[]): void {
    for (const kind of kinds) if (!this.accept(kind)) this.failExpected([kind]);
  }

  /** What follows the last token without any blank between; a WS token where there is one. */
  peekAdjacent(): Token {
    this.#adjacent ??= this.#peeked?.start === this.#offset ? this.#peeked : this.#tokenAt(this.#offset);
    return this.#adjacent;
  }

  /** How many tokens were taken. */
  get tokenCount(): number {
    return this.#tokenCount;
  }

  /** The character that follows the last token; undefined at the end. */
  peekCharacter(): string | undefined {
    return this.#lexer.characterAt(this.#offset);
  }

  acceptAdjacent(kind: TokenKind): boolean {
    const token = this.peekAdjacent();
    if (token.kind !== kind) return false;
    this.#take(token);
    return true;
  }

  /** Takes a regular expression, if one comes next, and gives its pattern. {@link checkPatterns} tells whether it compiles. */
  acceptRegex(): string | undefined {
    const token = this.#peekRegex();
    if (token === undefined) return undefined;
    this.#take(token);
    if (token.kind === 'BADREGEX') this.failAt('bad regex: ', token);
    else this.#notePattern(token);
    return token.text;
  }

  /** Compiles the patterns taken since the last time; after each there is a part. One that is none is the first failure: all others stand behind it. */
  *checkPatterns(): Generator<void, void> {
    const patterns = this.#uncheckedPatterns;
    this.#uncheckedPatterns = [];
    // A text that is too long is refused before any work on it.
    if (this.#patternSize > MAX_PATTERN_SIZE) return;
    for (const token of patterns) {
      const problem = patternProblem(token.text);
      if (problem === undefined) {
        yield;
        continue;
      }
      this.error = undefined;
      this.failAt(problem, token);
      return;
    }
  }

  /** What `parse` makes one level deeper; undefined, and a failure, when that is too deep. */
  nest<T>(parse: () => T): T | undefined {
    if (this.#nesting === MAX_NESTING) {
      this.failAt(`nested more than ${MAX_NESTING} levels deep`, this.peek());
      return undefined;
    }
    this.#nesting += 1;
    const result = parse();
    this.#nesting -= 1;
    return result;
  }

  /** `found …, expected …` about the next token, or the one given. */
  failExpected(expected: readonly string[], found: Token = this.peek()): void {
    this.failAt(`found ${this.#faultOf(found) ?? describeToken(found)}, expected ${expected.join(', ')}`, found);
  }

  /** Fails with the place of a token; 'start' for what InfluxDB reports at the first character, wherever it is. */
  failAt(message: string, at: Token | 'start'): void {
    if (this.error !== undefined) return;
    this.fail(`${message} at ${at === 'start' ? this.#lexer.describePosition(0) : this.describe(at)}`);
  }

  /** Where a token is: `line 1, char 8`. */
  describe({ position }: Token): string {
    return this.#lexer.describePosition(position);
  }

  /** Fails with the reason why a bound parameter stands for nothing. */
  failParameter(parameter: Token): void {
    const bound = this.#boundToken(parameter);
    if (bound.kind === 'error') this.fail(bound.message);
  }

  /** Fails without a place. */
  fail(message: string): void {
    this.error ??= clipText(message);
    this.#moveTo(this.#lexer.text.length);
  }

  #take(token: Token): void {
    this.#last = token;
    if (this.error !== undefined) return;
    this.#moveTo(token.end);
    this.#tokenCount += 1;
    if (this.#tokenCount > MAX_TOKEN_COUNT) this.failAt(`query has more than ${MAX_TOKEN_COUNT} tokens`, token);
  }

  #moveTo(offset: number): void {
    this.#offset = offset;
    this.#adjacent = undefined;
    this.#peeked = undefined;
  }

  #peekRegex(): Token | undefined {
    const regex = this.#lexer.regexAt(this.#lexer.skipBlanks(this.#offset));
    if (regex !== undefined) return regex;
    return this.peek().kind === 'REGEX' ? this.peek() : undefined;
  }

  #notePattern(token: Token): void {
    this.#patternSize += patternCost(token.text);
    if (this.#patternSize <= MAX_PATTERN_SIZE) this.#uncheckedPatterns.push(token);
    else this.failAt(`regular expressions of more than ${MAX_PATTERN_SIZE} characters in all, repetitions written out: use fewer or shorter ones`, token);
  }

  /** The token at an offset; for a bound parameter what it stands for. One that is not bound stays what it is. */
  #tokenAt(offset: number): Token {
    const token = this.#lexer.tokenAt(offset);
    if (token.kind !== 'BOUNDPARAM') return token;
    const bound = this.#boundToken(token);
    return bound.kind === 'error' ? token : { ...token, ...bound };
  }

  /** Why a bound parameter that has a value stands for none. */
  #faultOf({ kind, text }: Token): string | undefined {
    return kind === 'BOUNDPARAM' ? faultOf(text.slice(1), this.#params) : undefined;
  }

  #boundToken({ text }: Token): BoundToken {
    return boundToken(text.slice(1), this.#params);
  }
}

function patternProblem(pattern: string): string | undefined {
  try {
    textMatcher(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
}
