import { formatDuration } from './duration.ts';
import type { TokenKind } from './token.ts';

/** What a bound parameter stands for in the text: one token; or why it stands for none. */
export type BoundToken = { readonly kind: TokenKind; readonly text: string } | { readonly kind: 'error'; readonly message: string };

/** The token for `$name` with these values. */
export function boundToken(name: string, params: Readonly<Record<string, unknown>>): BoundToken {
  if (name === '') return error('empty bound parameter');
  if (!Object.hasOwn(params, name)) return error(`missing parameter: ${name}`);
  const token = valueToken(params[name]);
  // As InfluxDB: what binds nothing is missing, whatever the reason.
  return token.kind === 'error' ? error(`missing parameter: ${token.message}`) : token;
}

/** What is wrong with the value of `$name`; undefined where nothing is, or there is none. */
export function faultOf(name: string, params: Readonly<Record<string, unknown>>): string | undefined {
  if (!Object.hasOwn(params, name)) return undefined;
  const token = valueToken(params[name]);
  return token.kind === 'error' ? token.message : undefined;
}

/**
 * A string, number or boolean is that literal; an object with one entry says what it is:
 * `{ identifier | regex | string | float | integer | duration: value }`. A number without a fraction is an integer.
 */
function valueToken(value: unknown): BoundToken {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return typedToken(value);
  switch (typeof value) {
    case 'string':
      return { kind: 'STRING', text: value };
    case 'boolean':
      return { kind: value ? 'TRUE' : 'FALSE', text: '' };
    case 'number':
      return Number.isSafeInteger(value) ? { kind: 'INTEGER', text: `${value}` } : { kind: 'NUMBER', text: `${value}` };
    case 'bigint':
      return { kind: 'INTEGER', text: `${value}` };
    default:
      return error(`unable to bind parameter with type ${Array.isArray(value) ? '[]interface {}' : '<nil>'}`);
  }
}

function typedToken(object: object): BoundToken {
  const [entry, ...others] = Object.entries(object);
  if (entry === undefined || others.length > 0) return error('bound object parameter value must have exactly one entry');
  const [type, value] = entry as [string, unknown];
  switch (type) {
    case 'ident':
    case 'identifier':
      return typeof value === 'string' ? { kind: 'IDENT', text: value } : error('identifier must be a string value');
    case 'regex':
      return typeof value === 'string' ? { kind: 'REGEX', text: value } : error('regex literal must be a string value');
    case 'string':
      return typeof value === 'string' ? { kind: 'STRING', text: value } : error('string literal must be a string value');
    case 'float':
    case 'number':
      return isNumeric(value) ? { kind: 'NUMBER', text: `${value}` } : error('number literal must be a float value');
    case 'int':
    case 'integer':
      return isWhole(value) ? { kind: 'INTEGER', text: `${value}` } : error('integer literal must be an integer value');
    case 'duration':
      if (typeof value === 'string') return { kind: 'DURATIONVAL', text: value };
      return isWhole(value) ? { kind: 'DURATIONVAL', text: formatDuration(BigInt(value)) } : error('duration literal must be a string or integer value');
    default:
      return error(`unknown bind object type: ${type}`);
  }
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function error(message: string): BoundToken {
  return { kind: 'error', message };
}
