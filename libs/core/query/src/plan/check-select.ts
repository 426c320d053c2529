import { FUNCTIONS } from '../functions/function-table.ts';
import type { Expr, SelectStatement } from '../influxql/ast.ts';
import { planError, type PlanError } from './schema-view.ts';

/** What a select list is made of, beyond its fields. */
export interface SelectFacts {
  readonly kind: 'facts';
  /** Functions over fields; the argument of count(distinct(x)) is not one of its own. */
  readonly callCount: number;
}

/**
 * Refuses what InfluxDB refuses of a select list before it looks at any data: unknown functions, wrong arguments, and
 * functions that do not go together. Texts are InfluxDB's.
 */
export function checkSelect(statement: SelectStatement, hasWindow: boolean): SelectFacts | PlanError {
  const checker = new SelectChecker();
  const fields = statement.fields.filter(({ expression }) => !isTimeColumn(expression));
  for (const { expression } of fields) {
    const error = checker.check(expression, true);
    if (error !== undefined) return planError(error);
  }
  const error = fields.length === 0 ? 'at least 1 non-time field must be queried' : checker.checkWhole(statement, hasWindow);
  return error === undefined ? { kind: 'facts', callCount: checker.callCount } : planError(error);
}

/** `time` in a select list asks for the column that is there anyway, maybe under another name. */
export function isTimeColumn(expression: Expr): boolean {
  return expression.kind === 'variable' && expression.name === 'time';
}

class SelectChecker {
  callCount = 0;
  #hasColumns = false;
  #hasDistinct = false;
  #hasOnlySelectors = true;

  /** The error text, if any. `isTop`: not inside of arithmetic, where a wildcard may stand. */
  check(expression: Expr, isTop: boolean): string | undefined {
    switch (expression.kind) {
      case 'variable':
        this.#hasColumns = true;
        return undefined;
      case 'wildcard':
        this.#hasColumns = true;
        return isTop ? undefined : 'unable to use wildcard in a binary expression';
      case 'regex':
        this.#hasColumns = true;
        return isTop ? undefined : 'unable to use regex in a binary expression';
      case 'distinct':
        this.callCount += 1;
        return this.#checkDistinct([{ kind: 'variable', name: expression.name, type: undefined }], false);
      case 'call':
        this.callCount += 1;
        return this.#checkCall(expression.name, expression.args, isTop);
      case 'paren':
        return this.check(expression.inner, isTop);
      case 'binary':
        return this.#checkBinary(expression.left, expression.right);
      default:
        return NO_VARIABLE;
    }
  }

  checkWhole({ fill }: SelectStatement, hasWindow: boolean): string | undefined {
    if (this.callCount === 0) {
      if (fill.kind === 'none' || fill.kind === 'linear') return `fill(${fill.kind}) must be used with a function`;
      if (hasWindow) return 'GROUP BY requires at least one aggregate function';
    }
    if (this.#hasDistinct && (this.callCount !== 1 || this.#hasColumns)) {
      return 'aggregate function distinct() cannot be combined with other functions or fields';
    }
    if (this.#hasColumns && !this.#hasOnlySelectors) return 'mixing aggregate and non-aggregate queries is not supported';
    if (this.#hasColumns && this.callCount > 1) return 'mixing multiple selector functions with tags or fields is not supported';
    return undefined;
  }

  #checkBinary(left: Expr, right: Expr): string | undefined {
    if (isLiteral(left)) return isLiteral(right) ? NO_VARIABLE : this.check(right, false);
    if (isLiteral(right)) return this.check(left, false);
    return this.check(left, false) ?? this.check(right, false);
  }

  #checkCall(name: string, args: readonly Expr[], isTop: boolean): string | undefined {
    if (name === 'distinct') return this.#checkDistinct(args, false);
    if (!isFunction(name)) return KNOWN_ELSEWHERE.has(name) ? `${name}() is not supported` : `undefined function ${name}()`;
    const argumentCount = name === 'percentile' ? 2 : 1;
    if (args.length !== argumentCount) return `invalid number of arguments for ${name}, expected ${argumentCount}, got ${args.length}`;
    if (name === 'percentile' && !isNumber(args[1]!)) return 'expected float argument in percentile()';
    if (!FUNCTIONS[name].isSelector) this.#hasOnlySelectors = false;
    if (name === 'count') {
      const nested = distinctArguments(args[0]!);
      if (nested !== undefined) return this.#checkDistinct(nested, true);
    }
    return this.#checkArgument(name, args[0]!, isTop);
  }

  #checkArgument(name: string, argument: Expr, isTop: boolean): string | undefined {
    switch (argument.kind) {
      case 'variable':
        return undefined;
      case 'wildcard':
        this.#hasOnlySelectors = false;
        return isTop ? undefined : `unsupported expression with wildcard: ${name}()`;
      case 'regex':
        this.#hasOnlySelectors = false;
        return isTop ? undefined : `unsupported expression with regex field: ${name}()`;
      default:
        return `expected field argument in ${name}()`;
    }
  }

  #checkDistinct(args: readonly Expr[], isNested: boolean): string | undefined {
    if (args.length === 0) return 'distinct function requires at least one argument';
    if (args.length !== 1) return 'distinct function can only have one argument';
    if (args[0]!.kind !== 'variable') return 'expected field argument in distinct()';
    if (!isNested) this.#hasDistinct = true;
    this.#hasOnlySelectors = false;
    return undefined;
  }
}

/** The arguments of `distinct(x)` or `distinct x`; undefined for anything else. */
export function distinctArguments(expression: Expr): readonly Expr[] | undefined {
  if (expression.kind === 'distinct') return [{ kind: 'variable', name: expression.name, type: undefined }];
  return expression.kind === 'call' && expression.name === 'distinct' ? expression.args : undefined;
}

type SelectableFunction = Exclude<keyof typeof FUNCTIONS, 'countDistinct' | 'distinct'>;

/** Whether a name is a function that can be called by it. */
export function isFunction(name: string): name is SelectableFunction {
  return Object.hasOwn(FUNCTIONS, name) && name !== 'countDistinct' && name !== 'distinct';
}

const NO_VARIABLE = 'field must contain at least one variable';

function isLiteral({ kind }: Expr): boolean {
  return kind === 'number' || kind === 'integer' || kind === 'unsigned' || kind === 'string' || kind === 'boolean' || kind === 'duration';
}

function isNumber({ kind }: Expr): boolean {
  return kind === 'number' || kind === 'integer';
}

/** Functions of InfluxDB 1.x that there are, but not here. */
const KNOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  ...['top', 'bottom', 'sample', 'derivative', 'non_negative_derivative', 'difference', 'non_negative_difference'],
  ...['moving_average', 'cumulative_sum', 'elapsed', 'integral', 'holt_winters', 'holt_winters_with_fit'],
  ...['abs', 'acos', 'asin', 'atan', 'atan2', 'ceil', 'cos', 'exp', 'floor', 'ln', 'log', 'log2', 'log10', 'pow', 'round', 'sin', 'sqrt', 'tan'],
]);
