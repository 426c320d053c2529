import type { TimestampNs } from '@varve/base';
import type { Expr } from '../influxql/ast.ts';
import { isTimeName } from '../influxql/is-time-name.ts';
import { textMatcher } from '../influxql/text-matcher.ts';
import type { Clock } from './fold-time.ts';
import { planError, type PlanError } from './schema-view.ts';
import type { WindowPlan } from './shard-plan.ts';
import { looksLikeTime, parseTimeText } from './time-text.ts';

/** What GROUP BY asks for, apart from time. */
export interface Dimensions {
  readonly kind: 'dimensions';
  readonly window: WindowPlan | undefined;
  /** Tag keys, `*` or patterns. */
  readonly tags: readonly Expr[];
}

/** Splits GROUP BY into its window and its tags, refusing what InfluxDB refuses in its words. */
export function planDimensions(dimensions: readonly Expr[], clock: Clock): Dimensions | PlanError {
  let window: WindowPlan | undefined;
  const tags: Expr[] = [];
  for (const dimension of dimensions) {
    switch (dimension.kind) {
      case 'variable':
        if (isTimeName(dimension.name)) return planError('time() is a function and expects at least one argument');
        tags.push(dimension);
        break;
      case 'wildcard':
      case 'regex':
        tags.push(dimension);
        break;
      case 'call': {
        if (dimension.name !== 'time') return planError('only time() calls allowed in dimensions');
        const planned = planWindow(dimension.args, clock);
        if (planned !== undefined && 'kind' in planned) return planned;
        if (window !== undefined) return planError('multiple time dimensions not allowed');
        window = planned;
        break;
      }
      default:
        return planError('only time and tag dimensions allowed');
    }
  }
  return { kind: 'dimensions', window, tags };
}

/** The tag keys of GROUP BY, `*` and patterns expanded to keys among `all`, sorted. */
export function dimensionKeys({ tags }: Dimensions, all: readonly string[]): readonly string[] {
  if (tags.length === 0) return [];
  const keys = tags.flatMap((tag) => {
    if (tag.kind === 'variable') return [tag.name];
    return tag.kind === 'regex' ? all.filter(textMatcher(tag.pattern)) : all;
  });
  return [...new Set(keys)].sort();
}

/** A window of no length is none. */
function planWindow(args: readonly Expr[], clock: Clock): WindowPlan | PlanError | undefined {
  const [every, offset] = args;
  if (every === undefined || args.length > 2) return planError('time dimension expected 1 or 2 arguments');
  if (every.kind !== 'duration') return planError('time dimension must have duration argument');
  if (every.ns <= 0n) return undefined;
  const offsetNs = offset === undefined ? 0n : windowOffset(offset, every.ns, clock);
  return typeof offsetNs === 'bigint' ? { everyNs: every.ns, offsetNs } : offsetNs;
}

function windowOffset(offset: Expr, everyNs: bigint, clock: Clock): bigint | PlanError {
  switch (offset.kind) {
    case 'duration':
      return offset.ns % everyNs;
    case 'call':
      if (offset.name !== 'now') return planError('time dimension offset function must be now()');
      if (offset.args.length > 0) return planError('time dimension offset now() function requires no arguments');
      return sinceTruncated(clock.nowNs, everyNs);
    case 'string': {
      if (!looksLikeTime(offset.value)) return planError('time dimension offset must be duration or now()');
      const timeNs = parseTimeText(offset.value, clock.timeZone);
      return timeNs === undefined ? planError('invalid timestamp string') : sinceTruncated(timeNs, everyNs);
    }
    default:
      return planError('time dimension offset must be duration or now()');
  }
}

/** As Go truncates a time: counted from the year 1. */
function sinceTruncated(timeNs: TimestampNs, everyNs: bigint): bigint {
  const rest = (timeNs - YEAR_ONE_NS) % everyNs;
  return rest < 0n ? rest + everyNs : rest;
}

const YEAR_ONE_NS = -62_135_596_800n * 1_000_000_000n;
