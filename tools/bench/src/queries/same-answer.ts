/** Sums that were added up in another order differ in their last digits, and means with them. */
const RELATIVE_MAX = 1e-12;

/**
 * Where two answers in JSON differ, as values and in their order; undefined: nowhere. Whole numbers are exact in all their
 * digits (times in nanoseconds have 19); where one of two numbers has a fraction, they may differ by {@link RELATIVE_MAX}.
 *
 * @throws SyntaxError one of them is no JSON
 */
export function differenceOf(own: string, other: string): string | undefined {
  return differenceAt('answer', parseExactly(own), parseExactly(other));
}

/** Whole numbers as bigint. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value,
  );
}

function differenceAt(path: string, own: unknown, other: unknown): string | undefined {
  if (Array.isArray(own) && Array.isArray(other)) {
    if (own.length !== other.length) return `${path} has ${own.length} elements, not ${other.length}`;
    return firstOf(own, (each, index) => differenceAt(`${path}[${index}]`, each, other[index]));
  }
  if (isRecord(own) && isRecord(other)) {
    const keys = [...new Set([...Object.keys(own), ...Object.keys(other)])];
    return firstOf(keys, (key) => differenceAt(`${path}.${key}`, own[key], other[key]));
  }
  return isSame(own, other) ? undefined : `${path} is ${textOf(own)}, not ${textOf(other)}`;
}

function isSame(own: unknown, other: unknown): boolean {
  if (own === other) return true;
  if (!isNumber(own) || !isNumber(other) || (typeof own === 'bigint' && typeof other === 'bigint')) return false;
  const [a, b] = [Number(own), Number(other)];
  return Math.abs(a - b) <= RELATIVE_MAX * Math.max(Math.abs(a), Math.abs(b));
}

function firstOf<Item>(
  items: readonly Item[],
  difference: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = difference(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (value === undefined) return 'not there';
  return typeof value === 'object' && value !== null
    ? Array.isArray(value) ? 'a list' : 'an object'
    : typeof value === 'string' ? JSON.stringify(value) : String(value);
}
