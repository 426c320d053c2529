import type { Call, Expr } from './ast.ts';
import { childrenOf } from './expression-tree.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { formatExpr } from './print.ts';

/** Why a WHERE is none: it must be made of comparisons, and call nothing but math functions and now(). */
export function conditionProblem(condition: Expr | undefined): string | undefined {
  return condition && (shapeProblem(condition) ?? callProblem(condition));
}

function shapeProblem(condition: Expr): string | undefined {
  switch (condition.kind) {
    case 'paren':
      return shapeProblem(condition.inner);
    case 'boolean':
      return undefined;
    case 'binary':
      if (condition.operator !== 'AND' && condition.operator !== 'OR') return undefined;
      return shapeProblem(condition.left) ?? shapeProblem(condition.right);
    default:
      return `invalid condition expression: ${formatExpr(condition)}`;
  }
}

function callProblem(expression: Expr): string | undefined {
  if (expression.kind === 'call') {
    if (expression.name === 'now' && expression.args.length === 0) return undefined;
    const problem = mathProblem(expression);
    if (problem !== undefined) return problem;
  }
  for (const child of childrenOf(expression)) {
    const problem = callProblem(child);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function mathProblem(call: Call): string | undefined {
  const expected = MATH_FUNCTIONS.get(call.name)?.argumentCount;
  if (expected === undefined) return `invalid function call in condition: ${formatExpr(call)}`;
  const { name, args } = call;
  return args.length === expected ? undefined : `invalid number of arguments for ${name}, expected ${expected}, got ${args.length}`;
}
