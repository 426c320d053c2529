import { keywordOf } from './token.ts';

/** A name as it must stand in a query: bare if it can, else in double quotes. */
export function quoteIdentifier(name: string): string {
  return BARE.test(name) && keywordOf(name) === undefined ? name : inQuotes(name);
}

/** `a.b.c` as InfluxDB shows it in errors: all but the last in quotes, one left out in the middle as nothing. */
export function quoteSegments(names: readonly string[]): string {
  const owners = names.slice(0, -1).map((name, index) => (name === '' && index > 0 ? '' : inQuotes(name)));
  return [...owners, quoteIdentifier(names.at(-1) ?? '')].join('.');
}

/** A text as a literal in single quotes. */
export function quoteString(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

function inQuotes(name: string): string {
  return `"${escaped(name).replaceAll('"', '\\"')}"`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

const BARE = /^[A-Za-z_][A-Za-z0-9_]*$/;
