/** Sums that were added up in another order differ in their last digits, and means with them. */
const RELATIVE_MAX = 1e-12;

/**
 * Where an answer in JSON differs from the one that is right, as values and in their order; undefined: nowhere. Whole numbers are exact in all their
 * digits (times in nanoseconds have 19); where one of two numbers has a fraction, they may differ by {@link RELATIVE_MAX}.
 * That the right one calls itself partial does not count: InfluxDB before 1.7.8 says so of every whole series of more than
 * 10,000 rows (source: its pull request 14402), and with the settings of this bench none is cut.
 *
 * @throws SyntaxError one of them is no JSON
 */
export function differenceOf(own: string, right: string): string | undefined {
  return differenceAt('answer', parseExactly(own), parseExactly(right, 'partial'));
}

/** Whole numbers as bigint, and without one name. */
function parseExactly(text: string, leftOut?: string): unknown {
  return JSON.parse(text, (key, value: unknown, context?: { readonly source?: string }) => {
    if (key === leftOut) return undefined;
    return typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value;
  });
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
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
