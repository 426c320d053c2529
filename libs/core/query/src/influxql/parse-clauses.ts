import { timeZoneOf } from '@varve/model';
import type { Call, Expr, Fill, Order } from './ast.ts';
import { parseExpression, parseRegexOrExpression } from './parse-expression.ts';
import { parseIdentifier } from './parse-names.ts';
import { formatExpr } from './print.ts';
import type { TokenStream } from './token-stream.ts';

/** `WHERE …`, when it is there; so with every clause of this file. */
export function parseCondition(stream: TokenStream): Expr | undefined {
  return stream.accept('WHERE') ? parseExpression(stream) : undefined;
}

/** `GROUP BY dimension, …` */
export function parseDimensions(stream: TokenStream): readonly Expr[] {
  if (!stream.accept('GROUP')) return [];
  stream.expect('BY');
  const dimensions = [parseRegexOrExpression(stream)];
  while (stream.accept(',')) dimensions.push(parseRegexOrExpression(stream));
  return dimensions;
}

/** `fill(null | none | previous | linear | number)` */
export function parseFill(stream: TokenStream): Fill {
  if (!isNext(stream, 'fill')) return { kind: 'null' };
  const call = parseCallClause(stream, 'fill must be a function call');
  const [argument, ...others] = call?.args ?? [];
  if (argument === undefined || others.length > 0) {
    stream.fail('fill requires an argument, e.g.: 0, null, none, previous, linear');
    return { kind: 'null' };
  }
  return fillOf(argument) ?? failedFill(stream);
}

function fillOf(argument: Expr): Fill | undefined {
  if (argument.kind === 'number') return { kind: 'number', value: argument.value };
  if (argument.kind === 'integer') {
    const value = Number(argument.value);
    return { kind: 'number', value: Number.isSafeInteger(value) ? value : argument.value };
  }
  const name = formatExpr(argument);
  return NAMED_FILLS.find(({ kind }) => kind === name);
}

const NAMED_FILLS = [{ kind: 'null' }, { kind: 'none' }, { kind: 'previous' }, { kind: 'linear' }] as const;

function failedFill(stream: TokenStream): Fill {
  stream.fail('expected number argument in fill()');
  return { kind: 'null' };
}

/** `ORDER BY [time] [ASC | DESC]` */
export function parseOrder(stream: TokenStream): Order | undefined {
  if (!stream.accept('ORDER')) return undefined;
  stream.expect('BY');
  const order = parseDirection(stream) ?? parseSortedTime(stream);
  if (stream.peek().kind !== ',') return order;
  while (stream.accept(',')) {
    parseIdentifier(stream);
    parseDirection(stream);
  }
  stream.fail(ONLY_TIME);
  return order;
}

function parseSortedTime(stream: TokenStream): Order {
  if (stream.peek().kind !== 'IDENT') stream.failExpected(['identifier', 'ASC', 'DESC']);
  const { text } = stream.next();
  const order = parseDirection(stream) ?? 'ASC';
  if (text !== 'time') stream.fail(ONLY_TIME);
  return order;
}

function parseDirection(stream: TokenStream): Order | undefined {
  if (stream.accept('ASC')) return 'ASC';
  return stream.accept('DESC') ? 'DESC' : undefined;
}

const ONLY_TIME = 'only ORDER BY time supported at this time';

/** `tz('name')`; its name. */
export function parseTimeZone(stream: TokenStream): string | undefined {
  if (!isNext(stream, 'tz')) return undefined;
  const call = parseCallClause(stream, 'tz must be a function call');
  if (call?.args.length !== 1) {
    stream.fail('tz requires exactly one argument');
    return undefined;
  }
  const [name] = call.args;
  if (name?.kind !== 'string') {
    stream.fail('expected string argument in tz()');
    return undefined;
  }
  const zone = name.value || 'UTC';
  if (timeZoneOf(zone) === undefined) stream.fail(`unable to find time zone ${zone}`);
  return zone;
}

function isNext(stream: TokenStream, name: string): boolean {
  const { kind, text } = stream.peek();
  return kind === 'IDENT' && text.toLowerCase() === name;
}

/** An expression that must be a call. */
function parseCallClause(stream: TokenStream, otherwise: string): Call | undefined {
  const expression = parseExpression(stream);
  if (expression.kind === 'call') return expression;
  stream.fail(otherwise);
  return undefined;
}
