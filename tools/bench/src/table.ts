/** How many times better Varve is than the best peer: above 1 is ahead, whichever way the figure counts. Undefined: one of them has none, or nothing to divide by. */
export function ratioOf(
  own: number | string | undefined,
  others: readonly (number | string | undefined)[],
  better: 'more' | 'less',
): number | undefined {
  const figures = others.filter((other) => typeof other === 'number');
  if (typeof own !== 'number' || figures.length === 0) return undefined;
  const ratio = better === 'more' ? own / Math.max(...figures) : Math.min(...figures) / own;
  return Number.isFinite(ratio) ? ratio : undefined;
}

/** A figure with as many digits as are of use; a text as it is. */
export function formatCell(value: number | string | undefined): string {
  if (value === undefined) return '?';
  if (typeof value === 'string') return value;
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Columns as wide as their widest cell; the first to the left, all others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const format = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ');
  return `${rows.map(format).join('\n')}\n`;
}

/** Empty when there is none. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)} ×`;
}
