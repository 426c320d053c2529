import type { TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS, type TagExpression, type TimeRange } from '@varve/model';
import type { Expr, Operator } from '../influxql/ast.ts';
import { foldCondition } from '../plan/fold-condition.ts';
import { planCondition } from '../plan/plan-condition.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { splitTime } from '../plan/split-time.ts';

/** The WHERE of a SHOW statement. */
export interface ShowFilter {
  readonly kind: 'filter';
  /** On the tags of series. */
  readonly filter: TagExpression;
  /** The same with what asks for the names themselves; undefined: nothing does. */
  readonly nameFilter: TagExpression | undefined;
  /** Bounds of time; undefined: there are none. */
  readonly range: TimeRange | undefined;
}

/** Names that stand for no tag. */
const PSEUDO_TAGS: readonly string[] = ['_name', '_tagKey'];

/** @param hasValues `value` is the value of the tag that is shown, as it is since InfluxDB 1.7 */
export function showFilter(condition: Expr | undefined, nowNs: TimestampNs, hasValues = false): ShowFilter | PlanError {
  const asked = condition && foldCondition(hasValues ? withTextValues(condition) : condition);
  const split = splitTime(asked, { nowNs, timeZone: undefined });
  if (split.kind === 'error') return split;
  const { tagFilter, rowFilter } = planCondition(split.rest, new Map());
  if (rowFilter !== undefined) return planError('invalid tag comparison operator');
  const pseudo = hasValues ? [...PSEUDO_TAGS, 'value'] : PSEUDO_TAGS;
  const { minNs, maxNs } = split;
  const hasBounds = minNs !== undefined || maxNs !== undefined;
  return {
    kind: 'filter',
    filter: onSeries(tagFilter, pseudo),
    nameFilter: asksFor(tagFilter, pseudo) ? tagFilter : undefined,
    range: hasBounds ? { startNs: minNs ?? MIN_TIME_NS, endNs: (maxNs ?? MAX_TIME_NS) + 1n } : undefined,
  };
}

/** Values of tags are texts: `value` compared with anything else holds for none. */
function withTextValues(condition: Expr): Expr {
  if (condition.kind === 'paren') return { kind: 'paren', inner: withTextValues(condition.inner) };
  if (condition.kind !== 'binary') return condition;
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') return { kind: 'binary', operator, left: withTextValues(left), right: withTextValues(right) };
  const isOfNoText = (isValue(left) && isNoText(right)) || (isValue(right) && isNoText(left));
  return isOfNoText && COMPARISONS.has(operator) ? { kind: 'boolean', value: false } : condition;
}

const COMPARISONS: ReadonlySet<Operator> = new Set<Operator>(['=', '!=', '<', '<=', '>', '>=']);

function isValue(expression: Expr): boolean {
  return expression.kind === 'variable' && expression.name === 'value' && expression.type === undefined;
}

function isNoText({ kind }: Expr): boolean {
  return kind === 'number' || kind === 'integer' || kind === 'unsigned' || kind === 'duration' || kind === 'boolean';
}

/** In a count of tag values InfluxDB compares only tags that a series has: without the tag not even `!=` holds. */
export function ofPresentTags(shown: ShowFilter): ShowFilter {
  const { filter, nameFilter } = shown;
  return { ...shown, filter: withTags(filter), nameFilter: nameFilter === undefined ? undefined : withTags(nameFilter) };
}

function withTags(filter: TagExpression): TagExpression {
  if (filter.kind === 'match' && filter.operator === '=' && filter.value !== '') return filter;
  if (filter.kind === 'match') return { kind: 'and', parts: [filter, { kind: 'match', key: filter.key, operator: '!=', value: '' }] };
  return filter.kind === 'all' ? filter : { kind: filter.kind, parts: filter.parts.map(withTags) };
}

/** What asks for a name is left open. */
function onSeries(filter: TagExpression, pseudo: readonly string[]): TagExpression {
  if (filter.kind === 'match') return pseudo.includes(filter.key) ? { kind: 'all' } : filter;
  return filter.kind === 'all' ? filter : { kind: filter.kind, parts: filter.parts.map((part) => onSeries(part, pseudo)) };
}

function asksFor(filter: TagExpression, pseudo: readonly string[]): boolean {
  if (filter.kind === 'match') return pseudo.includes(filter.key);
  return filter.kind !== 'all' && filter.parts.some((part) => asksFor(part, pseudo));
}

/** Whether the WHERE says anything about time. */
export function hasTimeCondition(condition: Expr | undefined): boolean {
  const split = splitTime(condition, { nowNs: 0n, timeZone: undefined });
  return split.kind === 'error' ? false : split.minNs !== undefined || split.maxNs !== undefined;
}
