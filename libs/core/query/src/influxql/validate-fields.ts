import type { BinaryExpr, Call, Expr, Fill, SelectStatement } from './ast.ts';
import { foldWhole } from './fold-constants.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { formatExpr } from './print.ts';
import { FUNCTION_RULES } from './validate-functions.ts';

/** The windows that a select list is computed over. */
export interface Windows {
  /** 0n: there are none. */
  readonly intervalNs: bigint;
  /** They are those of the query around a subquery. */
  readonly isInherited: boolean;
  /** What is done with empty ones. */
  readonly fill: Fill['kind'];
}

/** Why the select list is wrong, seen from InfluxDB without a look at the schema. */
export function fieldsProblem(statement: SelectStatement, windows: Windows): string | undefined {
  return new FieldsValidator(statement, windows).problem();
}

class FieldsValidator {
  readonly #statement: SelectStatement;
  readonly #windows: Windows;
  /** Functions called, those inside of others included, distinct() inside of others not. */
  #callCount = 0;
  /** Fields and tags that stand beside functions, or alone. */
  #hasColumns = false;
  #hasOnlySelectors = true;
  #hasDistinct = false;
  #topOrBottom: string | undefined;
  /** Whether a wildcard or a regular expression may stand here: not inside of arithmetic. */
  #allowsWildcard = true;

  constructor(statement: SelectStatement, windows: Windows) {
    this.#statement = statement;
    this.#windows = windows;
  }

  problem(): string | undefined {
    const fields = this.#statement.fields.filter(({ expression: each }) => !(each.kind === 'variable' && each.name === 'time'));
    for (const { expression } of fields) {
      this.#allowsWildcard = true;
      const problem = this.#expressionProblem(foldWhole(expression));
      if (problem !== undefined) return problem;
    }
    return fields.length === 0 ? 'at least 1 non-time field must be queried' : this.#combinationProblem();
  }

  #expressionProblem(expression: Expr): string | undefined {
    switch (expression.kind) {
      case 'variable':
        this.#hasColumns = true;
        return undefined;
      case 'wildcard':
      case 'regex':
        this.#hasColumns = true;
        return this.#allowsWildcard ? undefined : `unable to use ${expression.kind} in a binary expression`;
      case 'distinct':
        this.#callCount += 1;
        this.#noteDistinct();
        return undefined;
      case 'call':
        return this.#callProblem(expression);
      case 'binary':
        return this.#binaryProblem(expression);
      case 'paren':
        return this.#expressionProblem(expression.inner);
      default:
        return NO_VARIABLE;
    }
  }

  #binaryProblem({ left, right }: BinaryExpr): string | undefined {
    this.#allowsWildcard = false;
    if (isConstant(left)) return isConstant(right) ? 'cannot perform a binary expression on two literals' : this.#expressionProblem(right);
    return this.#expressionProblem(left) ?? (isConstant(right) ? undefined : this.#expressionProblem(right));
  }

  #callProblem(call: Call): string | undefined {
    const rule = FUNCTION_RULES.get(call.name);
    if (rule?.kind !== 'math') this.#callCount += 1;
    if (rule === undefined) return `undefined function ${call.name}()`;
    const problem = rule.problemOf(call);
    if (problem !== undefined) return problem;
    if (rule.kind !== 'selector' && rule.kind !== 'math' && rule.kind !== 'topBottom') this.#hasOnlySelectors = false;
    switch (rule.kind) {
      case 'selector':
        return this.#fieldProblem(call);
      case 'aggregate':
        return this.#aggregateProblem(call);
      case 'sketchCount':
        return call.args[0]!.kind === 'call' ? this.#callProblem(call.args[0]!) : this.#fieldProblem(call);
      case 'transformation':
        return this.#transformationProblem(call);
      case 'forecast':
        return this.#forecastProblem(call);
      case 'distinct':
        this.#noteDistinct();
        return distinctProblem(call);
      case 'topBottom':
        return this.#topBottomProblem(call);
      case 'math':
        return isConstant(call) ? NO_VARIABLE : this.#mathProblem(call);
    }
  }

  #mathProblem({ args }: Call): string | undefined {
    for (const argument of args) {
      const problem = isConstant(argument) ? undefined : this.#expressionProblem(argument);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** The first argument must be a field, or fields. */
  #fieldProblem({ name, args }: Call): string | undefined {
    const { kind } = args[0]!;
    if (kind === 'variable') return undefined;
    if (kind !== 'wildcard' && kind !== 'regex') return `expected field argument in ${name}()`;
    this.#hasOnlySelectors = false;
    if (this.#allowsWildcard) return undefined;
    return `unsupported expression with ${kind === 'regex' ? 'regex field' : kind}: ${name}()`;
  }

  /** count() may count distinct(). */
  #aggregateProblem(call: Call): string | undefined {
    const argument = call.args[0]!;
    return call.name === 'count' && isDistinct(argument) ? nestedDistinctProblem(argument) : this.#fieldProblem(call);
  }

  #transformationProblem(call: Call): string | undefined {
    const { name, args } = call;
    const argument = args[0]!;
    const { intervalNs, isInherited } = this.#windows;
    if (argument.kind === 'call') {
      return intervalNs === 0n ? `${name} aggregate requires a GROUP BY interval` : this.#nestedProblem(argument);
    }
    if (intervalNs !== 0n && !isInherited) return `aggregate function required inside the call to ${name}`;
    return this.#fieldProblem(call);
  }

  #forecastProblem({ name, args }: Call): string | undefined {
    const argument = args[0]!;
    if (argument.kind !== 'call') return `must use aggregate function with ${name}`;
    return this.#windows.intervalNs === 0n ? `${name} aggregate requires a GROUP BY interval` : this.#nestedProblem(argument);
  }

  #nestedProblem(call: Call): string | undefined {
    return isDistinct(call) ? nestedDistinctProblem(call) : this.#callProblem(call);
  }

  #noteDistinct(): void {
    this.#hasDistinct = true;
    this.#hasOnlySelectors = false;
  }

  /** `top(field [, tag …], n)` */
  #topBottomProblem({ name, args }: Call): string | undefined {
    if (this.#topOrBottom !== undefined) return notCombined(this.#topOrBottom);
    if (args.length < 2) return `invalid number of arguments for ${name}, expected at least 2, got ${args.length}`;
    const count = args.at(-1)!;
    const { limit, target } = this.#statement;
    if (count.kind !== 'integer') return `expected integer as last argument in ${name}(), found ${formatExpr(count)}`;
    if (count.value <= 0n) return `limit (${count.value}) in ${name} function must be at least 1`;
    if (limit > 0 && count.value > BigInt(limit)) {
      return `limit (${count.value}) in ${name} function can not be larger than the LIMIT (${limit}) in the select statement`;
    }
    if (args[0]!.kind !== 'variable') return `expected first argument to be a field in ${name}(), found ${formatExpr(args[0]!)}`;
    const tags = args.slice(1, -1);
    const other = tags.find(({ kind }) => kind !== 'variable');
    if (other !== undefined) return `only fields or tags are allowed in ${name}(), found ${formatExpr(other)}`;
    if (tags.length > 0 && target === undefined) this.#hasColumns = true;
    this.#topOrBottom = name;
    return undefined;
  }

  /** Why what is fine alone is not so together. */
  #combinationProblem(): string | undefined {
    const { intervalNs, isInherited, fill } = this.#windows;
    if (this.#callCount > 1 && this.#topOrBottom !== undefined) return notCombined(this.#topOrBottom);
    if (this.#callCount === 0) {
      if (fill === 'none' || fill === 'linear') return `fill(${fill}) must be used with a function`;
      if (intervalNs !== 0n && !isInherited) return 'GROUP BY requires at least one aggregate function';
    }
    if (this.#hasDistinct && (this.#callCount !== 1 || this.#hasColumns)) {
      return 'aggregate function distinct() cannot be combined with other functions or fields';
    }
    if (!this.#hasColumns) return undefined;
    if (!this.#hasOnlySelectors) return 'mixing aggregate and non-aggregate queries is not supported';
    return this.#callCount > 1 ? 'mixing multiple selector functions with tags or fields is not supported' : undefined;
  }
}

const NO_VARIABLE = 'field must contain at least one variable';

function notCombined(name: string): string {
  return `selector function ${name}() cannot be combined with other functions`;
}

function isDistinct(expression: Expr): boolean {
  return expression.kind === 'distinct' || (expression.kind === 'call' && expression.name === 'distinct');
}

function nestedDistinctProblem(expression: Expr): string | undefined {
  return expression.kind === 'call' ? distinctProblem(expression) : undefined;
}

function distinctProblem({ args }: Call): string | undefined {
  if (args.length === 0) return 'distinct function requires at least one argument';
  if (args.length > 1) return 'distinct function can only have one argument';
  return args[0]!.kind === 'variable' ? undefined : 'expected field argument in distinct()';
}

/** A literal, or a math function of nothing else. */
function isConstant(expression: Expr): boolean {
  if (LITERALS.has(expression.kind)) return true;
  return expression.kind === 'call' && MATH_FUNCTIONS.get(expression.name)?.argumentCount === expression.args.length && expression.args.every(isConstant);
}

const LITERALS: ReadonlySet<Expr['kind']> = new Set(['number', 'integer', 'unsigned', 'string', 'boolean', 'duration', 'regex']);
