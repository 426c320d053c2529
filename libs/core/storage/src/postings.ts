/** Ids of series, ascending, each once. Read-only. */
export type Postings = ArrayLike<number>;

/** Ids that are in both. */
export function intersection(left: Postings, right: Postings): Postings {
  if (left === right) return left;
  const both: number[] = [];
  let rightIndex = 0;
  for (let leftIndex = 0; leftIndex < left.length; leftIndex += 1) {
    while (rightIndex < right.length && right[rightIndex]! < left[leftIndex]!) rightIndex += 1;
    if (right[rightIndex] === left[leftIndex]) both.push(left[leftIndex]!);
  }
  return both;
}

/** Ids that are in the first but not in the second. */
export function difference(left: Postings, right: Postings): Postings {
  if (right.length === 0) return left;
  const rest: number[] = [];
  let rightIndex = 0;
  for (let leftIndex = 0; leftIndex < left.length; leftIndex += 1) {
    while (rightIndex < right.length && right[rightIndex]! < left[leftIndex]!) rightIndex += 1;
    if (right[rightIndex] !== left[leftIndex]) rest.push(left[leftIndex]!);
  }
  return rest;
}

/** Ids that are in any. */
export function union(parts: readonly Postings[]): Postings {
  if (parts.length <= 1) return parts[0] ?? [];
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let startIndex = 0;
  for (const part of parts) {
    all.set(part, startIndex);
    startIndex += part.length;
  }
  all.sort();
  return all.filter((id, index) => index === 0 || id !== all[index - 1]);
}
