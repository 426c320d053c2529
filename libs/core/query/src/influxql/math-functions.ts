/** A function of numbers that is applied to one row at a time. */
export interface MathFunction {
  readonly argumentCount: number;
  /** An integer gives itself, or its absolute value: the result is an integer too. */
  readonly keepsIntegers: boolean;
  apply(first: number, second: number): number;
}

/** The math functions of InfluxQL by name. */
export const MATH_FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map<string, MathFunction>([
  ...unary({ acos: Math.acos, asin: Math.asin, atan: Math.atan, cos: Math.cos, exp: Math.exp, ln: Math.log }),
  ...unary({ log2: Math.log2, log10: Math.log10, sin: Math.sin, sqrt: Math.sqrt, tan: Math.tan }),
  ...unary({ abs: Math.abs, ceil: Math.ceil, floor: Math.floor, round: roundAwayFromZero }, true),
  ['atan2', { argumentCount: 2, keepsIntegers: false, apply: Math.atan2 }],
  ['log', { argumentCount: 2, keepsIntegers: false, apply: (value, base) => Math.log(value) / Math.log(base) }],
  ['pow', { argumentCount: 2, keepsIntegers: false, apply: Math.pow }],
]);

function unary(functions: Readonly<Record<string, (value: number) => number>>, keepsIntegers = false): [string, MathFunction][] {
  return Object.entries(functions).map(([name, apply]) => [name, { argumentCount: 1, keepsIntegers, apply: (value) => apply(value) }]);
}

function roundAwayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
