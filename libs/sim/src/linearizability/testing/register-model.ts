import type { SequentialModel } from '../sequential-model.ts';

/** Named registers that begin at 0. */
export type RegisterInput =
  | { readonly kind: 'write'; readonly key: string; readonly value: number }
  | { readonly kind: 'read'; readonly key: string }
  /** Rejected when the register does not hold `from`. */
  | { readonly kind: 'cas'; readonly key: string; readonly from: number; readonly to: number }
  /** Answers the sum. */
  | { readonly kind: 'add'; readonly key: string; readonly value: number };

type Registers = ReadonlyMap<string, number>;
type Step = SequentialModel<Registers, RegisterInput, number>['step'];

/** Each register is a part of its own. */
export const REGISTER_MODEL: SequentialModel<Registers, RegisterInput, number> = {
  initial: new Map(),
  step: stepRegisters,
  keyOf: (registers) => [...registers].map(([key, value]) => `${key}=${value}`).toSorted().join(),
  describeState: (registers) => [...registers].map(([key, value]) => `${key}=${value}`).join(' ') || 'all 0',
  describe: ({ input, outcome }) => `${textOf(input)}${outcome.kind === 'ok' ? ` = ${outcome.output}` : ` ${outcome.kind}`}`,
  partOf: ({ key }) => key,
};

/** What the registers do when it is their turn. */
export function runOnRegisters(registers: Registers, input: RegisterInput): { readonly registers: Registers; readonly answer: number | 'rejected' } {
  const value = registers.get(input.key) ?? 0;
  const set = (next: number): { readonly registers: Registers; readonly answer: number } => ({ registers: new Map(registers).set(input.key, next), answer: next });
  if (input.kind === 'read') return { registers, answer: value };
  if (input.kind === 'write') return set(input.value);
  if (input.kind === 'add') return set(value + input.value);
  return value === input.from ? set(input.to) : { registers, answer: 'rejected' };
}

function stepRegisters(before: Registers, { input, outcome }: Parameters<Step>[1]): Registers | undefined {
  const { registers, answer } = runOnRegisters(before, input);
  if (outcome.kind === 'unknown') return registers;
  return (outcome.kind === 'ok' ? outcome.output : 'rejected') === answer ? registers : undefined;
}

function textOf(input: RegisterInput): string {
  if (input.kind === 'read') return `read ${input.key}`;
  return input.kind === 'cas' ? `cas ${input.key} ${input.from} ${input.to}` : `${input.kind} ${input.key} ${input.value}`;
}
