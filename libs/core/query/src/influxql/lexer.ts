import { keywordAt, type Token, type TokenKind } from './token.ts';

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
    const kind = classOf(text.charCodeAt(start));
    if ((kind & DIGIT) !== 0) return this.#numberToken(start);
    if ((kind & WORD) !== 0) return this.#wordToken(start);
    const blankEnd = this.#blankEnd(start);
    if (blankEnd > start) return token('WS', text[start] === '/' ? '' : text.slice(start, blankEnd), start, blankEnd);
    switch (text[start]) {
      case '"':
        return this.#quotedToken(start, 'IDENT');
      case "'":
        return this.#quotedToken(start, 'STRING');
      case '$':
        return this.#parameterToken(start);
      case '.':
        return (classOf(text.charCodeAt(start + 1)) & DIGIT) === 0 ? token('.', '', start, start + 1) : this.#numberToken(start);
      case '/':
        // A comment that ends was a blank.
        return text[start + 1] === '*' ? token('ILLEGAL', '', start, text.length) : token('/', '', start, start + 1);
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
    for (let end = this.#blankEnd(offset); end > offset; end = this.#blankEnd(offset)) offset = end;
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

  /** Where the blanks or the comment at the offset end; the offset itself where there are none. */
  #blankEnd(start: number): number {
    const { text } = this;
    const code = text.charCodeAt(start);
    if ((classOf(code) & BLANK) !== 0) return this.#openEnd(endOf(BLANK, text, start));
    if (code === DASH && text[start + 1] === '-') return this.#openEnd(indexOrEnd(text, '\n', start));
    const close = code === SLASH && text[start + 1] === '*' ? text.indexOf('*/', start + 2) : -1;
    return close < 0 ? start : close + 2;
  }

  /** Of a token that only what follows it ends. */
  #openEnd(end: number): number {
    if (end === this.text.length) this.#hasReadPastEnd = true;
    return end;
  }

  #wordToken(start: number): Token {
    const { text } = this;
    const end = this.#openEnd(endOf(WORD, text, start));
    const keyword = keywordAt(text, start, end);
    return keyword === undefined ? token('IDENT', text.slice(start, end), start, end) : token(keyword, '', start, end);
  }

  /** `$name` or `$"name"`. */
  #parameterToken(start: number): Token {
    if (this.text[start + 1] !== '"') {
      const end = this.#openEnd(endOf(WORD, this.text, start + 1));
      return token('BOUNDPARAM', this.text.slice(start, end), start, end);
    }
    const name = this.#quotedToken(start + 1, 'IDENT');
    return token(name.kind === 'IDENT' ? 'BOUNDPARAM' : name.kind, `$${name.text}`, start, name.end);
  }

  /** With a point a NUMBER (a point at its end is not in its text), without an INTEGER, with letters behind a duration or nonsense. */
  #numberToken(start: number): Token {
    const { text } = this;
    const digitsEnd = endOf(DIGIT, text, start);
    if (text[digitsEnd] === '.') {
      const end = endOf(DIGIT, text, digitsEnd + 1);
      return token('NUMBER', text.slice(start, end > digitsEnd + 1 ? end : digitsEnd), start, end);
    }
    const end = endOf(UNIT, text, digitsEnd);
    return token(end > digitsEnd ? 'DURATIONVAL' : 'INTEGER', text.slice(start, end), start, end);
  }

  #symbolToken(start: number): Token {
    const symbol = symbolAt(this.text, start);
    if (symbol !== undefined) return token(symbol, '', start, start + symbol.length);
    const character = String.fromCodePoint(this.text.codePointAt(start)!);
    return token('ILLEGAL', character, start, start + character.length);
  }

  #quotedToken(start: number, kind: 'IDENT' | 'STRING'): Token {
    const { text } = this;
    const quote = text.charCodeAt(start);
    let value = '';
    for (let from = start + 1; ; ) {
      const stop = stopOf(quote, text, from);
      value += text.slice(from, stop);
      if (text.charCodeAt(stop) === quote) return { kind, text: value, position: kind === 'IDENT' ? start : this.#before(start), start, end: stop + 1 };
      if (text[stop] !== '\\') return { kind: 'BADSTRING', text: value, position: this.#before(start), start, end: stop };
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
    for (let stop = stopOf(SLASH, text, from); ; stop = stopOf(SLASH, text, stop + (text[stop + 1] === '/' ? 2 : 1))) {
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

/** Classes of characters, bits of which one may have several. */
const DIGIT = 1;
/** What a bare word is made of. */
const WORD = 2;
/** What stands behind the digits of a duration. */
const UNIT = 4;
const BLANK = 8;
const CLASS_COUNT = 256;
const CLASSES = Uint8Array.from({ length: CLASS_COUNT }, (_, code) => {
  const character = String.fromCharCode(code);
  const [isDigit, isLetter] = [/[0-9]/.test(character), /[A-Za-z]/.test(character)];
  const word = isDigit || isLetter || character === '_' ? WORD : 0;
  const unit = isDigit || isLetter || character === 'µ' ? UNIT : 0;
  return (isDigit ? DIGIT : 0) | word | unit | (/[ \t\n]/.test(character) ? BLANK : 0);
});
const DASH = 0x2d;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const LINE_END = 0x0a;
const ESCAPES: ReadonlyMap<string | undefined, string> = new Map([['n', '\n'], ['\\', '\\'], ['"', '"'], ["'", "'"]]);

function token(kind: TokenKind, text: string, start: number, end: number): Token {
  return { kind, text, position: start, start, end };
}

function classOf(code: number): number {
  return code < CLASS_COUNT ? CLASSES[code]! : 0;
}

/** Where a run of characters of a class ends. */
function endOf(wanted: number, text: string, start: number): number {
  let end = start;
  while ((classOf(text.charCodeAt(end)) & wanted) !== 0) end += 1;
  return end;
}

/** Where the character with the code, a backslash or the end of the line stands next. */
function stopOf(wanted: number, text: string, start: number): number {
  for (let offset = start; offset < text.length; offset += 1) {
    const code = text.charCodeAt(offset);
    if (code === wanted || code === BACKSLASH || code === LINE_END) return offset;
  }
  return text.length;
}

/** The symbol at an offset, the longest that it can be; `<>` is `!=`. */
function symbolAt(text: string, start: number): TokenKind | undefined {
  const symbol = text[start];
  const next = text[start + 1];
  switch (symbol) {
    case '=':
      return next === '~' ? '=~' : '=';
    case '!':
      return next === '=' ? '!=' : next === '~' ? '!~' : undefined;
    case '<':
      return next === '>' ? '!=' : next === '=' ? '<=' : '<';
    case '>':
      return next === '=' ? '>=' : '>';
    case ':':
      return next === ':' ? '::' : ':';
    case '+':
    case '-':
    case '*':
    case '%':
    case '&':
    case '|':
    case '^':
    case '(':
    case ')':
    case ',':
    case ';':
      return symbol;
    default:
      return undefined;
  }
}

function indexOrEnd(text: string, wanted: string, start: number): number {
  const index = text.indexOf(wanted, start);
  return index < 0 ? text.length : index;
}
