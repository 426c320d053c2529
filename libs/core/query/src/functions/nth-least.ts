/**
 * The number at a rank, from 0, among the first so many of an array, which are put into another order: a few looks at each of them. Where pivots
 * are chosen badly again and again, as an unkind order may have it, what is left is sorted.
 */
export function nthLeast(values: Float64Array, count: number, rank: number): number {
  let [left, right] = [0, count - 1];
  for (let rounds = 2 * Math.log2(count) + 8; left < right && rounds > 0; rounds -= 1) {
    const pivot = middleOf(values[left]!, values[(left + right) >>> 1]!, values[right]!);
    let [low, high] = [left, right];
    while (low <= high) {
      while (values[low]! < pivot) low += 1;
      while (values[high]! > pivot) high -= 1;
      if (low > high) break;
      const value = values[low]!;
      values[low++] = values[high]!;
      values[high--] = value;
    }
    if (rank <= high) right = high;
    else if (rank >= low) left = low;
    else return values[rank]!;
  }
  if (left < right) values.subarray(left, right + 1).sort();
  return values[rank]!;
}

function middleOf(one: number, two: number, three: number): number {
  if (one < two) return two < three ? two : Math.max(one, three);
  return one < three ? one : Math.max(two, three);
}
