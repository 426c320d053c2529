/** The candidate with the fewest inserted, deleted or replaced letters; the first of several. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let fromIndex = 1; fromIndex <= from.length; fromIndex += 1) {
    const next = [fromIndex];
    for (let toIndex = 1; toIndex <= to.length; toIndex += 1) {
      const replaced = row[toIndex - 1]! + (from[fromIndex - 1] === to[toIndex - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[toIndex]! + 1, next[toIndex - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
