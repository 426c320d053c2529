import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import type { Expression } from './expression.ts';
import { decodeShardPlan, encodeShardPlan, type AggregatesOutput, type ShardPlan, type WindowPlan } from './shard-plan.ts';

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
  check('{"format":5,"plan":{}}');
});

test('TF3: a call with a range of its own needs format 4', () => {
  const call = { function: 'mean', column: 0, parameter: undefined, range: { startNs: -5n, endNs: 2n ** 62n } } as const;
  const plan: ShardPlan = { ...PLAN, output: { kind: 'aggregates', form: 'columns', calls: [call], neighbours: [], window: undefined, windowCountMax: 1 } };
  const bytes = encodeShardPlan(plan);

  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ format: 4 });
  expect(decodeShardPlan(bytes).output).toMatchObject({ calls: [{ range: call.range }] });
});

test('only a plan that calls functions needs the newer format', () => {
  const formatOf = (rowFilter: Expression | undefined): unknown => {
    const plan = { ...PLAN, measurements: [{ ...PLAN.measurements[0]!, rowFilter }] };
    const bytes = encodeShardPlan(plan);
    expect(structuredClone(decodeShardPlan(bytes))).toEqual(structuredClone(plan));
    return (JSON.parse(new TextDecoder().decode(bytes)) as { readonly format: unknown }).format;
  };
  const input: Expression = { kind: 'input', index: 0, type: 'integer' };
  const call: Expression = { kind: 'math', name: 'abs', args: [input] };

  expect(formatOf(input)).toBe(1);
  expect(formatOf({ kind: 'binary', operator: '>', left: input, right: input })).toBe(1);
  expect(formatOf({ kind: 'binary', operator: '>', left: input, right: call })).toBe(2);
  expect(formatOf({ kind: 'binary', operator: 'AND', left: { kind: 'binary', operator: '<', left: call, right: input }, right: input })).toBe(2);
});

test('a plan that calls a function which older nodes do not know is refused by them', () => {
  const call = { function: 'top', column: 0, parameter: 3, tags: ['host'] } as const;
  const plan: ShardPlan = { ...PLAN, output: { ...PLAN.output, kind: 'aggregates', form: 'states', calls: [call], neighbours: [], window: undefined, windowCountMax: 1 } };
  const bytes = encodeShardPlan(plan);

  expect((JSON.parse(new TextDecoder().decode(bytes)) as { readonly format: unknown }).format).toBe(3);
  expect(decodeShardPlan(bytes)).toMatchObject({ output: { calls: [call] } });
});

test('TZ2: only windows that shift need the newest format', () => {
  const formatOf = (window: WindowPlan): unknown => {
    const plan: ShardPlan = { ...PLAN, output: { ...(PLAN.output as AggregatesOutput), window } };
    const bytes = encodeShardPlan(plan);
    expect(structuredClone(decodeShardPlan(bytes))).toEqual(structuredClone(plan));
    return (JSON.parse(new TextDecoder().decode(bytes)) as { readonly format: unknown }).format;
  };

  expect(formatOf({ everyNs: 60n, offsetNs: -1n })).toBe(1);
  expect(formatOf({ everyNs: 60n, offsetNs: -1n, shifts: [{ fromNs: 9_223_372_036_854_775_000n, nextNs: 9_223_372_036_854_775_050n }] })).toBe(4);
});
