import { expect, test } from 'vitest';
import { Lexer } from './lexer.ts';

function tokens(text: string): readonly (readonly [kind: string, text: string, position: number])[] {
  const lexer = new Lexer(text);
  const found: [string, string, number][] = [];
  for (let offset = 0; offset < lexer.text.length; ) {
    const token = lexer.tokenAt(offset);
    found.push([token.kind, token.text, token.position]);
    expect(token.end, `at ${offset} of ${text}`).toBeGreaterThan(offset);
    offset = token.end;
  }
  const end = lexer.tokenAt(lexer.text.length);
  return [...found, [end.kind, end.text, end.position]];
}

test('words, names, numbers and symbols', () => {
  expect(tokens('select "a\\"b" <>1.5')).toEqual([
    ['SELECT', '', 0],
    ['WS', ' ', 6],
    ['IDENT', 'a"b', 7],
    ['WS', ' ', 13],
    ['!=', '', 14],
    ['NUMBER', '1.5', 16],
    ['EOF', '', 19],
  ]);
});

test('the end is reported one late after something that only the end could end', () => {
  const endOf = (text: string): number => tokens(text).at(-1)![2];

  expect(endOf('a')).toBe(2);
  expect(endOf('a ')).toBe(3);
  expect(endOf('a--')).toBe(4);
  expect(endOf('$a')).toBe(3);
  expect(endOf('"a"')).toBe(3);
  expect(endOf('a/**/')).toBe(5);
  expect(endOf('1')).toBe(1);
  expect(endOf('1h')).toBe(2);
  expect(endOf('=')).toBe(1);
});

test('a text and a pattern are reported one character early', () => {
  expect(tokens("😀'b'")[1]).toEqual(['STRING', 'b', 0]);
  expect(tokens("'b'")[0]).toEqual(['STRING', 'b', 0]);
  expect(tokens("='b")[1]).toEqual(['BADSTRING', 'b', 0]);
  expect(new Lexer('=/b/').regexAt(1)).toMatchObject({ kind: 'REGEX', text: 'b', position: 0 });
});

test('a line end ends a text and a pattern, however it is written', () => {
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    expect(tokens(`'a${lineEnd}b'`)[0]).toEqual(['BADSTRING', 'a', 0]);
    expect(new Lexer(`/a${lineEnd}b/`).regexAt(0)).toMatchObject({ kind: 'BADREGEX' });
  }
});

test('a slash with a backslash before it does not end a pattern', () => {
  const check = (written: string, pattern: string): void => expect(new Lexer(written).regexAt(0), written).toMatchObject({ kind: 'REGEX', text: pattern, end: written.length });

  check('/a\\/b/', 'a/b');
  check('/a\\\\/b/', 'a\\/b');
  check('/\\d\\./', '\\d\\.');
  check('//', '');
  expect(new Lexer('/* a */').regexAt(0)).toBeUndefined();
});

test('a character of no token is illegal, whole', () => {
  expect(tokens('#')[0]).toEqual(['ILLEGAL', '#', 0]);
  expect(tokens('!')[0]).toEqual(['ILLEGAL', '!', 0]);
  expect(tokens('😀')[0]).toEqual(['ILLEGAL', '😀', 0]);
  expect(tokens('\0')[0]).toEqual(['ILLEGAL', '\0', 0]);
  expect(tokens('/* a')[0]).toEqual(['ILLEGAL', '', 0]);
});

test('a bare word is a keyword in any case, and only as a whole', () => {
  const check = (word: string, kind: string): void => expect(tokens(word)[0], word).toEqual([kind, kind === 'IDENT' ? word : '', 0]);

  check('SUBSCRIPTIONS', 'SUBSCRIPTIONS');
  check('sElEcT', 'SELECT');
  check('by', 'BY');
  check('selects', 'IDENT');
  check('selec', 'IDENT');
  check('select_', 'IDENT');
  check('_elect', 'IDENT');
  check('orde1', 'IDENT');
  check('a', 'IDENT');
});
