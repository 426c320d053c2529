import type { Expr } from './ast.ts';
import { parseDuration } from './duration.ts';
import { MAX_INT64, MAX_UINT64, MIN_INT64, parseWholeNumber } from './int64.ts';
import type { TokenStream } from './token-stream.ts';
import type { Token } from './token.ts';

/** A literal, or the failure that there is no operand here at all. */
export function parseLiteral(stream: TokenStream): Expr {
  const token = stream.next();
  switch (token.kind) {
    case 'STRING':
      return { kind: 'string', value: token.text };
    case 'TRUE':
    case 'FALSE':
      return { kind: 'boolean', value: token.kind === 'TRUE' };
    case 'NUMBER':
      return numberLiteral(stream, token);
    case 'INTEGER':
      return integerLiteral(stream, token);
    case 'DURATIONVAL':
      return durationLiteral(stream, token);
    case 'BOUNDPARAM':
      stream.failParameter(token);
      break;
    default:
      stream.failExpected(['identifier', 'string', 'number', 'bool'], token);
  }
  return { kind: 'boolean', value: false };
}

function numberLiteral(stream: TokenStream, token: Token): Expr {
  const value = Number(token.text);
  if (!Number.isFinite(value)) stream.failAt('unable to parse number', token);
  return { kind: 'number', value };
}

function integerLiteral(stream: TokenStream, token: Token): Expr {
  const value = parseWholeNumber(token.text);
  if (value === undefined || value < MIN_INT64 || value > MAX_UINT64) stream.failAt('unable to parse integer', token);
  return { kind: value !== undefined && value > MAX_INT64 ? 'unsigned' : 'integer', value: value ?? 0n };
}

function durationLiteral(stream: TokenStream, token: Token): Expr {
  const duration = parseDuration(token.text);
  if (duration.kind === 'error') stream.fail(duration.message);
  return { kind: 'duration', ns: duration.kind === 'error' ? 0n : duration.ns };
}
