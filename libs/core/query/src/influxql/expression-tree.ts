import type { Expr } from './ast.ts';

/** Whether some path through the tree is longer than that. Iterative: it is asked before recursion is known to be safe. */
export function heightExceeds(expression: Expr, max: number): boolean {
  const pending: (readonly [expression: Expr, depth: number])[] = [[expression, 1]];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const [each, depth] = entry;
    if (depth > max) return true;
    for (const child of childrenOf(each)) pending.push([child, depth + 1]);
  }
  return false;
}

/** The expressions that an expression is made of, in order. */
export function childrenOf(expression: Expr): readonly Expr[] {
  switch (expression.kind) {
    case 'binary':
      return [expression.left, expression.right];
    case 'paren':
      return [expression.inner];
    case 'call':
      return expression.args;
    default:
      return [];
  }
}
