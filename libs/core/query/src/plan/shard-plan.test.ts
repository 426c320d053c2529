import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { decodeShardPlan, encodeShardPlan, type ShardPlan } from './shard-plan.ts';

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
  check('{"format":2,"plan":{}}');
});
