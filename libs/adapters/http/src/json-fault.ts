/** Where the first value of a text ends, or what Go's decoder says of it. */
export type FirstJson =
  | { readonly kind: 'value'; readonly end: number }
  | { readonly kind: 'fault'; readonly text: string };

type Fault = FirstJson & { readonly kind: 'fault' };

const BLANK = /[ \t\r\n]/;
const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
/** Go names an escape only by its first character that does not fit. */
const ESCAPES = 'bfnrt\\/"';

/**
 * Finds the end of the first JSON value of a text; what stands behind it is not looked at. Goes through the text once,
 * without a stack of its own but the brackets that are open.
 * @param nestingCountMax brackets that may be open at a time
 */
export function firstJsonOf(text: string, nestingCountMax: number): FirstJson {
  let at = blanksFrom(text, 0);
  if (at === text.length) return fault('EOF');
  const open: ('}' | ']')[] = [];
  for (;;) {
    // A value begins here.
    const first = text[at];
    if (first === '{' || first === '[') {
      if (open.length === nestingCountMax) return fault(`exceeded max depth of ${nestingCountMax}`);
      open.push(first === '{' ? '}' : ']');
      at = blanksFrom(text, at + 1);
      if (text[at] !== open.at(-1)) {
        if (first === '[') continue;
        const name = nameFrom(text, at);
        if (typeof name !== 'number') return name;
        at = name;
        continue;
      }
    } else {
      const end = scalarFrom(text, at);
      if (typeof end !== 'number') return end;
      at = end;
      if (open.length === 0) return { kind: 'value', end: at };
      at = blanksFrom(text, at);
    }
    // A value has ended, or a bracket closes right behind the one that opened.
    while (text[at] === open.at(-1)) {
      at += 1;
      open.pop();
      if (open.length === 0) return { kind: 'value', end: at };
      at = blanksFrom(text, at);
    }
    const isObject = open.at(-1) === '}';
    if (text[at] !== ',') return unexpected(text, at, isObject ? 'after object key:value pair' : 'after array element');
    at = blanksFrom(text, at + 1);
    if (!isObject) continue;
    const name = nameFrom(text, at);
    if (typeof name !== 'number') return name;
    at = name;
  }
}

/** Where the value of a member begins. */
function nameFrom(text: string, at: number): number | Fault {
  if (text[at] !== '"') return unexpected(text, at, 'looking for beginning of object key string');
  const end = stringFrom(text, at);
  if (typeof end !== 'number') return end;
  const colon = blanksFrom(text, end);
  return text[colon] === ':' ? blanksFrom(text, colon + 1) : unexpected(text, colon, 'after object key');
}

function scalarFrom(text: string, at: number): number | Fault {
  const first = text[at];
  if (first === '"') return stringFrom(text, at);
  if (first !== undefined && (first === '-' || isDigit(first))) return numberFrom(text, at);
  const literal = first === undefined ? undefined : LITERALS[first];
  return literal === undefined ? unexpected(text, at, 'looking for beginning of value') : literalFrom(text, at, literal);
}

function literalFrom(text: string, at: number, literal: string): number | Fault {
  for (let offset = 1; offset < literal.length; offset += 1) {
    if (text[at + offset] !== literal[offset]) return unexpected(text, at + offset, `in literal ${literal} (expecting '${literal[offset]!}')`);
  }
  return at + literal.length;
}

function stringFrom(text: string, start: number): number | Fault {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text[at]!;
    if (unit === '"') return at + 1;
    if (unit < ' ') return unexpected(text, at, 'in string literal');
    if (unit !== '\\') continue;
    at += 1;
    const escape = text[at];
    if (escape === 'u') {
      const digits = /[\da-f]{0,4}/iy;
      digits.lastIndex = at + 1;
      const length = digits.exec(text)![0].length;
      if (length < 4) return unexpected(text, at + 1 + length, 'in \\u hexadecimal character escape');
      at += 4;
    } else if (escape === undefined || !ESCAPES.includes(escape)) return unexpected(text, at, 'in string escape code');
  }
  return fault('unexpected EOF');
}

function numberFrom(text: string, start: number): number | Fault {
  let at = text[start] === '-' ? start + 1 : start;
  if (!isDigit(text[at])) return unexpected(text, at, 'in numeric literal');
  at = text[at] === '0' ? at + 1 : digitsFrom(text, at);
  if (text[at] === '.') {
    at += 1;
    if (!isDigit(text[at])) return unexpected(text, at, 'after decimal point in numeric literal');
    at = digitsFrom(text, at);
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at += text[at + 1] === '+' || text[at + 1] === '-' ? 2 : 1;
    if (!isDigit(text[at])) return unexpected(text, at, 'in exponent of numeric literal');
    at = digitsFrom(text, at);
  }
  return at;
}

function digitsFrom(text: string, start: number): number {
  let at = start;
  while (isDigit(text[at])) at += 1;
  return at;
}

function blanksFrom(text: string, start: number): number {
  let at = start;
  while (at < text.length && BLANK.test(text[at]!)) at += 1;
  return at;
}

function isDigit(unit: string | undefined): boolean {
  return unit !== undefined && unit >= '0' && unit <= '9';
}

function unexpected(text: string, at: number, where: string): Fault {
  if (at >= text.length) return fault('unexpected EOF');
  return fault(`invalid character ${quoted(text[at]!)} ${where}`);
}

/** As Go's `quoteChar`. */
function quoted(unit: string): string {
  if (unit === "'") return `'\\''`;
  if (unit === '"') return `'"'`;
  return `'${JSON.stringify(unit).slice(1, -1)}'`;
}

function fault(text: string): Fault {
  return { kind: 'fault', text };
}
