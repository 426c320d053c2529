import { DbError } from '@varve/base';
import type { TagExpression } from '@varve/model';

/** What a predicate of `/api/v2/delete` chooses. */
export interface V2Predicate {
  /** Undefined: all. */
  readonly measurement: string | undefined;
  readonly series: TagExpression;
}

/** Equalities of one predicate: each becomes a part of every frame. */
const TERM_COUNT_MAX = 500;
const MEASUREMENT_KEY = '_measurement';

/** A word, or a text in quotes with backslashes before what is meant literally. */
const TERM = /\s*(?:([A-Za-z_][\w.:-]*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*/suy;
const EQUALS = /(=~|!~|!=|<>|=|<=|>=|<|>)/suy;
const AND = /\s*and(?=\s|$)/isuy;
const OR = /\s*or(?=\s|$)/isuy;
const UNSUPPORTED = 'predicate only supports equality operators and conjunctions';

/**
 * `tag = "value" AND tag = 'value' AND _measurement = "name"`, as InfluxDB 1.8 takes it: no OR, no parentheses and no other comparisons.
 * @throws DbError REQUEST_INVALID with where it cannot be read
 */
export function parseV2Predicate(text: string): V2Predicate {
  if (text.trim() === '') return { measurement: undefined, series: { kind: 'all' } };
  const reader = new Reader(text);
  const terms = [reader.equality()];
  while (!reader.isAtEnd) {
    reader.and();
    terms.push(reader.equality());
    if (terms.length > TERM_COUNT_MAX) throw invalid(text, `more than ${TERM_COUNT_MAX} comparisons`);
  }
  const named = new Set(terms.filter(({ key }) => key === MEASUREMENT_KEY).map(({ value }) => value));
  if (named.size > 1) throw invalid(text, `${MEASUREMENT_KEY} is compared with several names`);
  const parts = terms.filter(({ key }) => key !== MEASUREMENT_KEY).map((term) => ({ kind: 'match', operator: '=', ...term }) as const);
  return { measurement: [...named][0], series: parts.length === 0 ? { kind: 'all' } : { kind: 'and', parts } };
}

class Reader {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#text.slice(this.#offset).trim() === '';
  }

  equality(): { readonly key: string; readonly value: string } {
    const key = this.#term();
    const [, operator] = this.#match(EQUALS) ?? [];
    if (operator === undefined) throw this.#expected('=');
    if (operator !== '=') throw invalid(this.#text, UNSUPPORTED);
    if (key === '_field') throw invalid(this.#text, 'deletes by field are not supported');
    return { key, value: this.#term() };
  }

  and(): void {
    if (this.#match(OR) !== undefined) throw invalid(this.#text, UNSUPPORTED);
    if (this.#match(AND) === undefined) throw this.#expected('AND');
  }

  #term(): string {
    const found = this.#match(TERM);
    if (found === undefined) throw this.#expected('a name or a text in quotes');
    const [, word, double, single] = found;
    return word ?? (double ?? single!).replaceAll(/\\(.)/gsu, '$1');
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#offset = pattern.lastIndex;
    return found;
  }

  #expected(what: string): DbError {
    return invalid(this.#text, `${what} is expected at char ${this.#offset + 1}`);
  }
}

function invalid(text: string, why: string): DbError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new DbError('REQUEST_INVALID', `delete - cannot parse predicate ${JSON.stringify(shown)}: ${why}`);
}
