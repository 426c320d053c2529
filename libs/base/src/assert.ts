/** Thrown by {@link assert}: a bug of ours, never bad input. No handler swallows it; the process logs it and exits. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** States what we promised ourselves. Outside input is parsed or refused instead. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types rule out; fails loudly when a value got around the types. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${String(value)}`);
}
