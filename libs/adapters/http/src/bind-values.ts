import { DbError } from '@varve/base';
import { firstJsonOf } from './json-fault.ts';

/** As Go's decoder. The reviver below follows the nesting with the stack, so it must end before that does. */
const NESTING_COUNT_MAX = 100;
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The parameter `params`: values for `$name`, by name. As InfluxDB a number with a point is a float, any other an integer,
 * which stays exact; objects that say what they bind, and values that bind nothing, are the parser's to judge.
 * @throws DbError QUERY_PARSE with InfluxDB's text
 */
export function bindValuesOf(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  const parsed = parsedJson(text);
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw unreadable(`json: cannot unmarshal ${Array.isArray(parsed) ? 'array' : typeof parsed} into Go value of type map[string]interface {}`);
  }
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, bindValueOf(value)]));
}

/** A number with a point and no fraction: `{ float }` binds it as the float it was written as. */
class WholeFloat {
  readonly float: number;

  constructor(float: number) {
    this.float = float;
  }
}

/** Inside of `{ type: value }` the type is said already. */
function bindValueOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof WholeFloat) return value;
  return Object.fromEntries(Object.entries(value).map(([type, each]) => [type, each instanceof WholeFloat ? each.float : (each as unknown)]));
}

/** What stands behind the first value is not looked at, as by Go's decoder. */
function parsedJson(text: string): unknown {
  const first = firstJsonOf(text, NESTING_COUNT_MAX);
  if (first.kind === 'fault') throw unreadable(first.text);
  return JSON.parse(text.slice(0, first.end), exactNumber);
}

/** A reviver that looks at how a number was written. */
function exactNumber(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  if (source.includes('.')) {
    if (!Number.isFinite(value)) throw unbindable('ParseFloat', source, 'value out of range');
    return Number.isInteger(value) ? new WholeFloat(value) : value;
  }
  if (!/^-?\d+$/.test(source)) throw unbindable('ParseInt', source, 'invalid syntax');
  if (Number.isSafeInteger(value)) return value;
  const integer = BigInt(source);
  if (integer > INT64_MAX || integer < -INT64_MAX - 1n) throw unbindable('ParseInt', source, 'value out of range');
  return integer;
}

function unreadable(reason: string): DbError {
  return new DbError('QUERY_PARSE', `error parsing query parameters: ${reason}`);
}

function unbindable(parser: string, source: string, reason: string): DbError {
  return new DbError('QUERY_PARSE', `error parsing json value: strconv.${parser}: parsing ${JSON.stringify(source)}: ${reason}`);
}
