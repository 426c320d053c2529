/** Which of so many rows are chosen. */
export function chosenRows(rowCount: number, isChosen: (row: number) => boolean): Int32Array {
  const chosen = new Int32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row += 1) if (isChosen(row)) chosen[count++] = row;
  return chosen.subarray(0, count);
}
