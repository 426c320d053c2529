import { DbError } from '@varve/base';
import { MATCH_OPERATORS, type PromMatcher, type PromQuery } from './prom-messages.ts';

/** Names the measurement, and is a tag of points that came from Prometheus. */
export const NAME_LABEL = '__name__';

const MS_NS = 1_000_000n;
/** What InfluxQL takes as a time. */
const TIME_NS_MIN = -(2n ** 63n) + 2n;
const TIME_NS_MAX = 2n ** 63n - 2n;

export interface PromSelect {
  readonly text: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * A query of Prometheus as a SELECT; what the sender names stands in bound parameters only. Patterns match whole values, as
 * Prometheus has it. A comparison of the name other than `=` and `=~` is one of the tag `__name__`.
 * @throws DbError REQUEST_INVALID with InfluxDB's text
 */
export function promSelect({ startMs, endMs, matchers }: PromQuery): PromSelect {
  if (matchers.length === 0) throw new DbError('REQUEST_INVALID', 'expected matcher');
  const unknown = matchers.find(({ type }) => MATCH_OPERATORS[type] === undefined);
  if (unknown !== undefined) throw new DbError('REQUEST_INVALID', `unknown match type ${unknown.type}`);
  const source = matchers.find(({ name, type }) => name === NAME_LABEL && !MATCH_OPERATORS[type]!.startsWith('!'));
  const params: Record<string, unknown> = { source: source === undefined ? { regex: '.*' } : operandOf(source, 'identifier') };
  const conditions = matchers
    .filter((matcher) => matcher !== source)
    .map((matcher, index) => {
      params[`name${index}`] = { identifier: matcher.name };
      params[`value${index}`] = operandOf(matcher, 'string');
      return `$name${index}::tag ${MATCH_OPERATORS[matcher.type]!} $value${index}`;
    });
  const times = [`time >= ${clamped(startMs * MS_NS)}`, `time <= ${clamped(endMs * MS_NS + MS_NS - 1n)}`];
  return { text: `SELECT value::field FROM $source WHERE ${[...conditions, ...times].join(' AND ')} GROUP BY *`, params };
}

/** Whether a query names its one measurement, so that its series need not say which they are of. */
export function namesMeasurement({ matchers }: PromQuery): boolean {
  return matchers.some(({ name, type }) => name === NAME_LABEL && MATCH_OPERATORS[type] === '=');
}

function operandOf({ type, value }: PromMatcher, literal: 'identifier' | 'string'): Readonly<Record<string, string>> {
  return MATCH_OPERATORS[type]!.endsWith('~') ? { regex: `^(?:${value})$` } : { [literal]: value };
}

function clamped(timeNs: bigint): bigint {
  return timeNs < TIME_NS_MIN ? TIME_NS_MIN : timeNs > TIME_NS_MAX ? TIME_NS_MAX : timeNs;
}
