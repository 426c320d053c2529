/*
 * Prefix codes of limited length, canonical: lengths alone say what the codes are. Codes go into a stream from the low bit
 * on, so they are stored with their bits reversed.
 *
 * Sources: Larmore and Hirschberg, A fast algorithm for optimal length-limited Huffman codes, JACM 1990 (package-merge);
 * RFC 1951, 3.2.2 (canonical codes).
 */

/** Optimal lengths of 1 to `lengthMax` for symbols of these weights, of which there are 2 to 2^lengthMax. */
export function codeLengths(weights: Float64Array, lengthMax: number): Uint8Array {
  const order = Array.from(weights.keys()).sort((left, right) => weights[left]! - weights[right]! || left - right);
  const items = Float64Array.from(order, (symbol) => weights[symbol]!);
  const levels: Level[] = [];
  for (
    let packages: Float64Array = new Float64Array(0);
    levels.length < lengthMax;
    packages = pairsOf(levels.at(-1)!.weights)
  ) {
    levels.push(merged(items, packages));
  }
  const lengths = new Uint8Array(weights.length);
  for (let level = lengthMax - 1, taken = 2 * weights.length - 2; level >= 0; level -= 1) {
    const itemCount = levels[level]!.itemCounts[taken]!;
    for (let item = 0; item < itemCount; item += 1) lengths[order[item]!]! += 1;
    taken = 2 * (taken - itemCount);
  }
  return lengths;
}

/** The codes of these lengths, the first bit lowest. */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const order = Array.from(lengths.keys()).sort((left, right) => lengths[left]! - lengths[right]! || left - right);
  const codes = new Uint16Array(lengths.length);
  let next = 0;
  let length = 0;
  for (const symbol of order) {
    next <<= lengths[symbol]! - length;
    length = lengths[symbol]!;
    codes[symbol] = reversed(next, length);
    next += 1;
  }
  return codes;
}

/** Items and packages by weight, and how many of the first n are items. */
interface Level {
  readonly weights: Float64Array;
  readonly itemCounts: Uint32Array;
}

/** Of equal weights, items come first. */
function merged(items: Float64Array, packages: Float64Array): Level {
  const weights = new Float64Array(items.length + packages.length);
  const itemCounts = new Uint32Array(weights.length + 1);
  let item = 0;
  for (let at = 0; at < weights.length; at += 1) {
    const other = at - item;
    const isItem = item < items.length && !(other < packages.length && packages[other]! < items[item]!);
    weights[at] = isItem ? items[item]! : packages[other]!;
    item += Number(isItem);
    itemCounts[at + 1] = item;
  }
  return { weights, itemCounts };
}

function pairsOf(weights: Float64Array): Float64Array {
  return Float64Array.from({ length: weights.length >> 1 }, (_, pair) => weights[2 * pair]! + weights[2 * pair + 1]!);
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit += 1) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}
