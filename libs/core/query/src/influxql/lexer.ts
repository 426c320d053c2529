import { keywordOf, type Token, type TokenKind } from './token.ts';

/**
 * Cuts a query's text into tokens, on demand and from any place, because only the parser knows where a `/` opens a
 * regular expression.
 *
 * Positions in errors are InfluxDB's to the letter, oddities included: a string or a regular expression is reported one
 * character early; the end is reported one late after something that only the end could end (a bare word, a blank).
 */
export class Lexer {
  readonly text: string;
  #hasReadPastEnd = false;

  /** Every line end becomes a `\n`. */
  constructor(text: string) {
    this.text = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }

  /** The token at the offset; a run of blanks and a comment are tokens of kind WS. */
  tokenAt(start: number): Token {
    const { text } = this;
    if (start >= text.length) return this.#endToken();
    const code = text.charCodeAt(start);
    if (isDigit(code)) return this.#numberToken(start);
    if (isWordCode(code)) return this.#wordToken(start);
    switch (text[start]) {
      case ' ':
      case '\t':
      case '\n':
        return this.#openToken('WS', start, endOf(BLANKS, text, start));
      case '"':
        return this.#quotedToken(start, 'IDENT');
      case "'":
        return this.#quotedToken(start, 'STRING');
      case '$':
        return this.#parameterToken(start);
      case '.':
        return isDigit(text.charCodeAt(start + 1)) ? this.#numberToken(start) : token('.', '', start, start + 1);
      case '-':
        return text[start + 1] === '-' ? this.#openToken('WS', start, indexOrEnd(text, '\n', start)) : token('-', '', start, start + 1);
      case '/':
        return text[start + 1] === '*' ? this.#commentToken(start) : token('/', '', start, start + 1);
      default:
        return this.#symbolToken(start);
    }
  }

  /** A look at one character; undefined at the end. */
  characterAt(offset: number): string | undefined {
    if (offset >= this.text.length) this.#hasReadPastEnd = true;
    return this.text[offset];
  }

  /** The offset behind blanks and comments. */
  skipBlanks(start: number): number {
    let offset = start;
    while (BLANK_STARTS.has(this.text[offset])) {
      const { kind, end } = this.tokenAt(offset);
      if (kind !== 'WS') break;
      offset = end;
    }
    return offset;
  }

  /** The regular expression at the offset; undefined where none starts. `/*` opens a comment, never one. */
  regexAt(start: number): Token | undefined {
    const { text } = this;
    if (this.characterAt(start) !== '/' || text[start + 1] === '*') return undefined;
    const position = this.#before(start);
    const end = this.#regexEnd(start + 1);
    if (end === undefined) return { kind: 'BADREGEX', text: '', position, start, end: text.length };
    return { kind: 'REGEX', text: text.slice(start + 1, end).replaceAll('\\/', '/'), position, start, end: end + 1 };
  }

  /** Line and character of an offset, both from 1; characters are code points. */
  describePosition(offset: number): string {
    const before = this.text.slice(0, offset);
    const lines = before.split('\n');
    const char = [...lines.at(-1)!].length + 1 + Math.max(0, offset - this.text.length);
    return `line ${lines.length}, char ${char}`;
  }

  #endToken(): Token {
    const end = this.text.length;
    return { kind: 'EOF', text: '', position: this.#hasReadPastEnd ? end + 1 : end, start: end, end };
  }

  /** A token that only what follows it ends. */
  #openToken(kind: TokenKind, start: number, end: number): Token {
    if (end === this.text.length) this.#hasReadPastEnd = true;
    return token(kind, this.text.slice(start, end), start, end);
  }

  #wordToken(start: number): Token {
    const word = this.#openToken('IDENT', start, endOf(WORD, this.text, start));
    const keyword = keywordOf(word.text);
    return keyword === undefined ? word : token(keyword, '', start, word.end);
  }

  /** `$name` or `$"name"`. */
  #parameterToken(start: number): Token {
    if (this.text[start + 1] !== '"') return this.#openToken('BOUNDPARAM', start, endOf(WORD, this.text, start + 1));
    const name = this.#quotedToken(start + 1, 'IDENT');
    return token(name.kind === 'IDENT' ? 'BOUNDPARAM' : name.kind, `$${name.text}`, start, name.end);
  }

  /** With a point a NUMBER (a point at its end is not in its text), without an INTEGER, with letters behind a duration or nonsense. */
  #numberToken(start: number): Token {
    const { text } = this;
    const digitsEnd = endOf(DIGITS, text, start);
    if (text[digitsEnd] === '.') {
      const end = endOf(DIGITS, text, digitsEnd + 1);
      return token('NUMBER', text.slice(start, end > digitsEnd + 1 ? end : digitsEnd), start, end);
    }
    const end = endOf(UNITS, text, digitsEnd);
    return token(end > digitsEnd ? 'DURATIONVAL' : 'INTEGER', text.slice(start, end), start, end);
  }

  #commentToken(start: number): Token {
    const close = this.text.indexOf('*/', start + 2);
    return close < 0 ? token('ILLEGAL', '', start, this.text.length) : token('WS', '', start, close + 2);
  }

  #symbolToken(start: number): Token {
    const end = endOf(SYMBOL, this.text, start);
    if (end > start) {
      const symbol = this.text.slice(start, end);
      return token(symbol === '<>' ? '!=' : (symbol as TokenKind), '', start, end);
    }
    const character = String.fromCodePoint(this.text.codePointAt(start)!);
    return token('ILLEGAL', character, start, start + character.length);
  }

  #quotedToken(start: number, kind: 'IDENT' | 'STRING'): Token {
    const { text } = this;
    const quote = text[start]!;
    const early = this.#before(start);
    let value = '';
    for (let from = start + 1; ; ) {
      const stop = nextOf(kind === 'IDENT' ? NAME_STOP : STRING_STOP, text, from);
      value += text.slice(from, stop);
      if (text[stop] === quote) return { ...token(kind, value, start, stop + 1), position: kind === 'IDENT' ? start : early };
      if (text[stop] !== '\\') return { ...token('BADSTRING', value, start, stop), position: early };
      const escaped = ESCAPES.get(text[stop + 1]);
      if (escaped === undefined) return this.#badEscapeToken(start, stop);
      value += escaped;
      from = stop + 2;
    }
  }

  #badEscapeToken(start: number, backslash: number): Token {
    const character = backslash + 1 < this.text.length ? String.fromCodePoint(this.text.codePointAt(backslash + 1)!) : '';
    const end = backslash + 1 + character.length;
    return { ...token('BADESCAPE', `\\${character}`, start, end), position: backslash + 1 };
  }

  /** Of the first `/` without a backslash before it; undefined when the line ends first. */
  #regexEnd(from: number): number | undefined {
    const { text } = this;
    for (let stop = nextOf(REGEX_STOP, text, from); ; stop = nextOf(REGEX_STOP, text, stop + (text[stop + 1] === '/' ? 2 : 1))) {
      if (text[stop] === '/') return stop;
      if (text[stop] !== '\\') return undefined;
    }
  }

  /** The offset of the character before, or of the first one. */
  #before(offset: number): number {
    const isInPair = offset > 1 && this.text.codePointAt(offset - 2)! > 0xffff;
    return Math.max(0, offset - (isInPair ? 2 : 1));
  }
}

const BLANK_STARTS: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '-', '/']);
const BLANKS = /[ \t\n]*/y;
const WORD = /[A-Za-z0-9_]*/y;
const DIGITS = /[0-9]*/y;
const UNITS = /(?:[A-Za-zµ][A-Za-zµ0-9]*)?/y;
const SYMBOL = /(?:=~|!=|!~|<>|<=|>=|::|[+*%&|^=<>(),;:])?/y;
const NAME_STOP = /["\\\n]/g;
const STRING_STOP = /['\\\n]/g;
const REGEX_STOP = /[/\\\n]/g;
const ESCAPES: ReadonlyMap<string | undefined, string> = new Map([['n', '\n'], ['\\', '\\'], ['"', '"'], ["'", "'"]]);

function token(kind: TokenKind, text: string, start: number, end: number): Token {
  return { kind, text, position: start, start, end };
}

/** Where the match of a sticky pattern that may be empty ends. */
function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  pattern.test(text);
  return pattern.lastIndex;
}

/** Where the pattern matches next; the text's length when nowhere. */
function nextOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex - 1 : text.length;
}

function indexOrEnd(text: string, wanted: string, start: number): number {
  const index = text.indexOf(wanted, start);
  return index < 0 ? text.length : index;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}
