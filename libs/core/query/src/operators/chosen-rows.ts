/** Rows among those chosen so far (undefined: all) that are chosen again. */
export function chosenRows(rowCount: number, among: Int32Array | undefined, isChosen: (row: number) => boolean): Int32Array {
  const candidateCount = among?.length ?? rowCount;
  const chosen = new Int32Array(candidateCount);
  let count = 0;
  for (let index = 0; index < candidateCount; index += 1) {
    const row = among === undefined ? index : among[index]!;
    if (isChosen(row)) chosen[count++] = row;
  }
  return chosen.subarray(0, count);
}
