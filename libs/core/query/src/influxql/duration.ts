import { MAX_INT64, parseWholeNumber } from './int64.ts';

/** A duration, or why the text is none. */
type ParsedDuration = { readonly kind: 'duration'; readonly ns: bigint } | { readonly kind: 'error'; readonly message: string };

/** Reads `90s`, `1h30m`, `-5m`, with the units ns, u, µ, ms, s, m, h, d and w. At most an int64 of nanoseconds. */
export function parseDuration(text: string): ParsedDuration {
  const isNegative = text.startsWith('-');
  let offset = isNegative ? 1 : 0;
  if (offset === text.length) return INVALID;
  let ns = 0n;
  let overflow: string | undefined;
  for (; offset < text.length; offset = PART.lastIndex) {
    PART.lastIndex = offset;
    const [part, digits, unit] = PART.exec(text) ?? [];
    const count = digits === undefined ? undefined : parseWholeNumber(digits);
    if (count === undefined || count > MAX_INT64) return INVALID;
    ns += count * UNIT_NS[unit as keyof typeof UNIT_NS];
    if (ns > MAX_INT64) overflow ??= part;
  }
  if (overflow !== undefined) return { kind: 'error', message: `overflowed duration ${overflow}: choose a smaller duration or INF` };
  return { kind: 'duration', ns: isNegative ? -ns : ns };
}

/** Prints a duration in the one greatest unit that divides it, as InfluxDB does. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const unit = PRINTED_UNITS.find((each) => ns % UNIT_NS[each] === 0n)!;
  return `${ns / UNIT_NS[unit]}${unit}`;
}

const UNIT_NS = {
  ns: 1n,
  u: 1000n,
  µ: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
} as const;
const PRINTED_UNITS = ['w', 'd', 'h', 'm', 's', 'ms', 'u', 'ns'] as const;
const PART = /(\d+)(ns|ms|[uµsmhdw])/y;
const INVALID: ParsedDuration = { kind: 'error', message: 'invalid duration' };
