import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import type { Expression } from './expression.ts';
import { decodeShardPlan, encodeShardPlan, type AggregatesOutput, type ShardPlan } from './shard-plan.ts';

const PLAN: ShardPlan = {
  range: { startNs: -9_223_372_036_854_775_806n, endNs: 9_223_372_036_854_775_807n },
  isDescending: true,
  dimensions: ['__proto__', 'host'],
  measurements: [
    {
      name: 'constructor',
      tagFilter: { kind: 'match', key: 'ns', operator: '=~', value: '^é"\\n' },
      rowFilter: { kind: 'binary', operator: '>', left: { kind: 'input', index: 0, type: 'integer' }, right: { kind: 'literal', value: 9_223_372_036_854_775_807n, type: 'integer' } },
      filterColumns: [{ kind: 'field', name: 'i' }],
      origins: [{ kind: 'field', name: 'f' }],
    },
  ],
  columns: [{ name: 'f', type: 'float' }],
  output: {
    kind: 'aggregates',
    form: 'states',
    calls: [{ function: 'percentile', column: 0, parameter: 99.5 }],
    neighbours: [],
    window: { everyNs: 60_000_000_000n, offsetNs: -1n },
    windowCountMax: 1000,
  },
};

test('a plan comes out of its bytes as it went in, bigints and odd names included', () => {
  expect(structuredClone(decodeShardPlan(encodeShardPlan(PLAN)))).toEqual({ ...PLAN, output: { ...PLAN.output } });
});

test('bytes that are no plan are refused', () => {
  const check = (text: string): void => {
    expect(() => decodeShardPlan(new TextEncoder().encode(text)), text).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as DbError);
  };

  check('');
  check('{');
});

test('a plan of a node that answers otherwise is refused, older or newer', () => {
  const { plan } = JSON.parse(new TextDecoder().decode(encodeShardPlan(PLAN))) as { readonly plan: unknown };
  const decode = (format: unknown): unknown => decodeShardPlan(new TextEncoder().encode(JSON.stringify({ format, plan })));

  for (const format of [1, 2, 3, 4, 5, 6, 7, 9, '8', undefined]) {
    expect(() => decode(format), String(format)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID', message: `a shard plan of format ${String(format)}; this node knows 8` }) as DbError);
  }
  expect(decode(8)).toMatchObject({ dimensions: PLAN.dimensions });
});

test('every shape of a plan has the format that this node knows, and comes out as it went in', () => {
  const output = PLAN.output as AggregatesOutput;
  const [measurement] = PLAN.measurements;
  const input: Expression = { kind: 'input', index: 0, type: 'integer' };
  const rowFilter: Expression = { kind: 'binary', operator: '>', left: input, right: { kind: 'math', name: 'abs', args: [input] } };
  const shapes: readonly ShardPlan[] = [
    PLAN,
    { ...PLAN, output: { kind: 'rows', rowCountMax: 3 } },
    { ...PLAN, measurements: [{ ...measurement!, rowFilter }] },
    { ...PLAN, output: { ...output, form: 'columns', calls: [{ function: 'mean', column: 0, parameter: undefined, range: { startNs: -5n, endNs: 2n ** 62n } }] } },
    { ...PLAN, output: { ...output, calls: [{ function: 'top', column: 0, parameter: 3, tags: ['host'], seed: 7 }] } },
    { ...PLAN, output: { ...output, calls: [{ function: 'last', column: 0, parameter: undefined, picksLastKey: true }] } },
    { ...PLAN, output: { ...output, window: { everyNs: 60n, offsetNs: -1n, shifts: [{ fromNs: 9_223_372_036_854_775_000n, nextNs: 9_223_372_036_854_775_050n }] } } },
  ];

  for (const plan of shapes) {
    const bytes = encodeShardPlan(plan);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ format: 8 });
    expect(structuredClone(decodeShardPlan(bytes))).toEqual(structuredClone(plan));
  }
});
