import type { Call, CastType, Expr, Operator } from './ast.ts';
import { heightExceeds } from './expression-tree.ts';
import { MIN_INT64 } from './int64.ts';
import { parseLiteral } from './parse-literal.ts';
import { parseIdentifier, parsePattern, parseSegments } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';
import type { TokenKind } from './token.ts';

/** How high the tree of an expression may be, so that recursion over it is safe. A chain of n ANDs or ORs counts as log2 n. */
export const MAX_HEIGHT = 500;

/** A whole expression: a condition, a field, a dimension. */
export function parseExpression(stream: TokenStream): Expr {
  const start = stream.peek();
  const { tokenCount } = stream;
  const expression = parseAlternatives(stream);
  // No tree is higher than its tokens are many.
  if (stream.tokenCount - tokenCount <= MAX_HEIGHT || !heightExceeds(expression, MAX_HEIGHT)) return expression;
  stream.failAt(`expression is more than ${MAX_HEIGHT} operators deep`, start);
  return NOTHING;
}

/** A regular expression, or else an expression. */
export function parseRegexOrExpression(stream: TokenStream): Expr {
  const pattern = stream.acceptRegex();
  return pattern === undefined ? parseExpression(stream) : { kind: 'regex', pattern };
}

/** The loosest level; each function below parses the next tighter one. All operators associate to the left. */
function parseAlternatives(stream: TokenStream): Expr {
  return parseChain(stream, 'OR', parseConjunction);
}

function parseConjunction(stream: TokenStream): Expr {
  return parseChain(stream, 'AND', parseComparison);
}

function parseChain(stream: TokenStream, operator: 'AND' | 'OR', parseLink: (stream: TokenStream) => Expr): Expr {
  const first = parseLink(stream);
  if (stream.peek().kind !== operator) return first;
  const operands = [first];
  while (stream.accept(operator)) operands.push(parseLink(stream));
  return balanced(operator, operands, 0, operands.length);
}

/** AND and OR are associative: a flat tree means the same as one that is as deep as the chain is long. */
function balanced(operator: 'AND' | 'OR', operands: readonly Expr[], from: number, to: number): Expr {
  if (to - from === 1) return operands[from]!;
  const middle = from + Math.ceil((to - from) / 2);
  return { kind: 'binary', operator, left: balanced(operator, operands, from, middle), right: balanced(operator, operands, middle, to) };
}

function parseComparison(stream: TokenStream): Expr {
  let left = parseSum(stream);
  for (let operator = acceptAny(stream, COMPARISONS); operator !== undefined; operator = acceptAny(stream, COMPARISONS)) {
    const right = operator === '=~' || operator === '!~' ? parseRegex(stream) : parseSum(stream);
    left = { kind: 'binary', operator, left, right };
  }
  return left;
}

function parseSum(stream: TokenStream): Expr {
  let left = parseProduct(stream);
  for (let operator = acceptAny(stream, ADDITIVE); operator !== undefined; operator = acceptAny(stream, ADDITIVE)) {
    left = { kind: 'binary', operator, left, right: parseProduct(stream) };
  }
  return left;
}

function parseProduct(stream: TokenStream): Expr {
  let left = parseOperand(stream);
  for (let operator = acceptAny(stream, MULTIPLICATIVE); operator !== undefined; operator = acceptAny(stream, MULTIPLICATIVE)) {
    const right = parseOperand(stream);
    // `x / -y` means `x / (-1 * y)`; printed without parentheses it would mean another thing.
    left = { kind: 'binary', operator, left, right: right.kind === 'binary' ? { kind: 'paren', inner: right } : right };
  }
  return left;
}

type Level = ReadonlySet<TokenKind>;
const COMPARISONS: Level = new Set<Operator>(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);
const ADDITIVE: Level = new Set<Operator>(['+', '-', '|', '^']);
const MULTIPLICATIVE: Level = new Set<Operator>(['*', '/', '%', '&']);

function acceptAny(stream: TokenStream, operators: Level): Operator | undefined {
  return operators.has(stream.peek().kind) ? (stream.next().kind as Operator) : undefined;
}

function parseOperand(stream: TokenStream): Expr {
  switch (stream.peek().kind) {
    case '(':
      return parseParenthesized(stream);
    case 'IDENT':
      return parseCallOrVariable(stream);
    case 'DISTINCT':
      return parseDistinct(stream);
    case '*':
      return parseWildcard(stream);
    case '+':
    case '-':
      return parseSigned(stream);
    case 'REGEX':
      return parseRegex(stream);
    default:
      return parseLiteral(stream);
  }
}

function parseParenthesized(stream: TokenStream): Expr {
  stream.expect('(');
  const inner = stream.nest(() => parseAlternatives(stream)) ?? NOTHING;
  stream.expect(')');
  return { kind: 'paren', inner };
}

/** `name(…)` without a blank before the parenthesis, or a variable. */
function parseCallOrVariable(stream: TokenStream): Expr {
  const { names } = parseSegments(stream);
  if (names.length === 1 && stream.acceptAdjacent('(')) return parseArguments(stream, names[0]!.toLowerCase());
  return { kind: 'variable', name: names.join('.'), type: parseCast(stream) };
}

/** What stands behind the opening parenthesis. */
function parseArguments(stream: TokenStream, name: string): Call {
  return { kind: 'call', name, args: stream.nest(() => parseList(stream)) ?? [] };
}

function parseList(stream: TokenStream): readonly Expr[] {
  const pattern = stream.acceptRegex();
  if (pattern === undefined && stream.accept(')')) return [];
  const args: Expr[] = [pattern === undefined ? parseAlternatives(stream) : { kind: 'regex', pattern }];
  while (stream.accept(',')) args.push(parseArgument(stream));
  stream.expect(')');
  return args;
}

function parseArgument(stream: TokenStream): Expr {
  const pattern = stream.acceptRegex();
  return pattern === undefined ? parseAlternatives(stream) : { kind: 'regex', pattern };
}

/** `distinct(…)` or `distinct name`. */
function parseDistinct(stream: TokenStream): Expr {
  stream.expect('DISTINCT');
  if (stream.acceptAdjacent('(')) return parseArguments(stream, 'distinct');
  const { kind } = stream.peekAdjacent();
  if (kind !== 'WS') stream.failExpected(['(', 'identifier'], stream.peekAdjacent());
  return { kind: 'distinct', name: parseIdentifier(stream) };
}

function parseWildcard(stream: TokenStream): Expr {
  stream.expect('*');
  if (!stream.acceptAdjacent('::')) return { kind: 'wildcard', only: undefined };
  if (stream.acceptAdjacent('FIELD')) return { kind: 'wildcard', only: 'field' };
  if (!stream.acceptAdjacent('TAG')) stream.failExpected(['field', 'tag'], stream.peekAdjacent());
  return { kind: 'wildcard', only: 'tag' };
}

/** `::type`, if it is there. */
function parseCast(stream: TokenStream): CastType | undefined {
  if (!stream.acceptAdjacent('::')) return undefined;
  if (stream.acceptAdjacent('FIELD')) return 'field';
  if (stream.acceptAdjacent('TAG')) return 'tag';
  const token = stream.peekAdjacent();
  const type = token.kind === 'IDENT' ? VALUE_TYPES.find((each) => each === token.text.toLowerCase()) : undefined;
  if (type === undefined) {
    const known = token.kind === 'IDENT' ? VALUE_TYPES : VALUE_TYPES.filter((each) => each !== 'unsigned');
    stream.failExpected([...known, 'field', 'tag'], token);
  }
  stream.next();
  return type;
}

const VALUE_TYPES = ['float', 'integer', 'unsigned', 'string', 'boolean'] as const;

function parseRegex(stream: TokenStream): Expr {
  return { kind: 'regex', pattern: parsePattern(stream) };
}

/** `+` or `-` before a number, a duration, a name or a parenthesis: the literal itself, or a product with 1 or -1. */
function parseSigned(stream: TokenStream): Expr {
  const isNegative = stream.next().kind === '-';
  if (!SIGNABLE.has(stream.peek().kind)) stream.failExpected(['identifier', 'number', 'duration', '(']);
  const operand = parseOperand(stream);
  switch (operand.kind) {
    case 'number':
      return isNegative ? { kind: 'number', value: -operand.value } : operand;
    case 'integer':
      return isNegative ? { kind: 'integer', value: -operand.value } : operand;
    case 'duration':
      return isNegative ? { kind: 'duration', ns: -operand.ns } : operand;
    case 'unsigned':
      return isNegative ? negatedUnsigned(stream, operand.value) : operand;
    default:
      return { kind: 'binary', operator: '*', left: { kind: 'integer', value: isNegative ? -1n : 1n }, right: operand };
  }
}

const SIGNABLE: Level = new Set(['NUMBER', 'INTEGER', 'DURATIONVAL', '(', 'IDENT'] as const);

function negatedUnsigned(stream: TokenStream, value: bigint): Expr {
  if (-value < MIN_INT64) stream.fail(`constant -${value} underflows int64`);
  return { kind: 'integer', value: MIN_INT64 };
}

/** Stands for what could not be parsed; never seen outside. */
const NOTHING: Expr = { kind: 'boolean', value: false };
