/** A function of numbers that is applied to one row at a time. */
interface MathFunction {
  readonly argumentCount: number;
  apply(first: number, second: number): number;
  /** What an integer gives, exactly, where that is an integer too. A bigint is one that a float64 cannot hold. */
  onInteger?(value: number | bigint): number | bigint;
}

/** The math functions of InfluxQL by name. */
export const MATH_FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map<string, MathFunction>([
  ...unary({ acos: Math.acos, asin: Math.asin, atan: Math.atan, cos: Math.cos, exp: Math.exp, ln: Math.log }),
  ...unary({ log2: Math.log2, log10: Math.log10, sin: Math.sin, sqrt: Math.sqrt, tan: Math.tan }),
  ...unary({ ceil: Math.ceil, floor: Math.floor, round: roundAwayFromZero }, (value) => value),
  ...unary({ abs: Math.abs }, absoluteInteger),
  ['atan2', { argumentCount: 2, apply: Math.atan2 }],
  ['log', { argumentCount: 2, apply: (value, base) => Math.log(value) / Math.log(base) }],
  ['pow', { argumentCount: 2, apply: power }],
]);

function unary(functions: Readonly<Record<string, (value: number) => number>>, onInteger?: MathFunction['onInteger']): [string, MathFunction][] {
  return Object.entries(functions).map(([name, apply]) => [name, { argumentCount: 1, apply: (value) => apply(value), ...(onInteger && { onInteger }) }]);
}

/** The least int64 wraps around to itself. */
function absoluteInteger(value: number | bigint): number | bigint {
  return typeof value === 'number' ? Math.abs(value) : BigInt.asIntN(64, value < 0n ? -value : value);
}

function roundAwayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

/** As IEEE 754 has it: 1 to any power is 1, and so is −1 to an infinite one; JavaScript says NaN. */
function power(base: number, exponent: number): number {
  return base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent;
}
