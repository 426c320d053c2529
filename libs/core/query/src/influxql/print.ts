import type { Call, Expr } from './ast.ts';
import { formatDuration } from './duration.ts';
import { quoteIdentifier, quoteString } from './quote.ts';

/** An expression as a query can say it, in InfluxDB's spelling. Parsing it gives the same expression. */
export function formatExpr(expression: Expr): string {
  switch (expression.kind) {
    case 'variable':
      return quoteIdentifier(expression.name) + (expression.type === undefined ? '' : `::${expression.type}`);
    case 'call':
      return formatCall(expression);
    case 'distinct':
      return `DISTINCT ${quoteIdentifier(expression.name)}`;
    case 'binary':
      return `${formatExpr(expression.left)} ${expression.operator} ${formatExpr(expression.right)}`;
    case 'paren':
      return `(${formatExpr(expression.inner)})`;
    case 'wildcard':
      return expression.only === undefined ? '*' : `*::${expression.only}`;
    case 'regex':
      return formatRegex(expression.pattern);
    case 'number':
      return formatNumber(expression.value);
    case 'string':
      return quoteString(expression.value);
    case 'integer':
    case 'unsigned':
    case 'boolean':
      return `${expression.value}`;
    case 'duration':
      return formatDuration(expression.ns);
  }
}

/** `distinct` is the one function whose name is a keyword. */
function formatCall({ name, args }: Call): string {
  return `${name === 'distinct' ? name : quoteIdentifier(name)}(${args.map(formatExpr).join(', ')})`;
}

/** A pattern between slashes. Between them it cannot end with a backslash: an empty group behind one changes nothing. */
export function formatRegex(pattern: string): string {
  const written = pattern.replaceAll('/', '\\/').replaceAll('\n', '\\n');
  return `/${written}${pattern.endsWith('\\') ? '(?:)' : ''}/`;
}

/** A float in full, without an exponent and with three digits behind the point at least. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return `${value}`;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [whole, fraction] = decimalDigits(Math.abs(value));
  return `${sign}${whole}.${fraction.padEnd(3, '0')}`;
}

/** The digits before and behind the point. */
function decimalDigits(magnitude: number): readonly [whole: string, fraction: string] {
  if (Number.isInteger(magnitude)) return [`${BigInt(magnitude)}`, ''];
  const [digits, zeroCount] = `${magnitude}`.split('e-');
  if (zeroCount !== undefined) return ['0', '0'.repeat(Number(zeroCount) - 1) + digits!.replace('.', '')];
  const [whole, fraction] = digits!.split('.');
  return [whole!, fraction!];
}
