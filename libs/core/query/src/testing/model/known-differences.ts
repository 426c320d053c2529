/** Statements that InfluxDB 1.6.7 answers differently, and why ours is right or does not matter. */
export const KNOWN_DIFFERENCES: readonly { readonly why: string; isIn(statement: string, lines: readonly string[]): boolean }[] = [
  { why: 'abs() of a negative integer is that integer in 1.6.7', isIn: (text) => /abs\([^)]*\b[iv]\b/.test(text) },
  { why: 'OFFSET without LIMIT, or over computed columns, leaves one row in 1.6.7', isIn: (text) => /\bOFFSET/.test(text) },
  { why: 'LIMIT over a computed column of rows counts rows of single fields in 1.6.7', isIn: (text) => /\bLIMIT/.test(text) && /^SELECT [^A-Z]*[-+*/%&|^(]/.test(text) && !CALLS.test(text) },
  { why: 'SLIMIT counts tag sets that have no row in the answer in 1.6.7, and those that lack a tag in an order of their own', isIn: (text, lines) => /SLIMIT/.test(text) && /GROUP BY/.test(text) && (/WHERE/.test(text) || !areWhole(lines)) },
  { why: 'mean() of integers wraps around at 64 bits in 1.6.7', isIn: (text, lines) => /mean\(/.test(text) && lines.some((line) => /=-?\d{16,}i/.test(line)) },
  { why: 'without a lower bound windows begin at the least time in 1.6.7, if they have an offset', isIn: (text) => /time\(/.test(text) && !/time >/.test(text) && !/fill\(none/.test(text) },
  { why: 'a percentile of too few points ends the answer in 1.6.7', isIn: (text) => /percentile\(., (1|33\.3)\)/.test(text) },
  { why: 'a number fills functions with a type of their own, of fields that nobody has, in 1.6.7', isIn: (text, lines) => /fill\(-?\d/.test(text) && ['f', 'i', 'v'].some((name) => isAskedInVain(text, name, lines)) },
  { why: 'series of integral() come in any order in 1.6.7, and backwards under DESC', isIn: (text) => /integral/.test(text) && (/GROUP BY|DESC/.test(text) || SEVERAL_SOURCES.test(text)) },
  { why: 'under DESC 1.6.7 has the rows of top() and bottom() forwards', isIn: (text) => /(top|bottom)\(/.test(text) && /DESC/.test(text) },
  { why: 'a transformation of windows without a lower bound answers nothing in 1.6.7', isIn: (text) => TRANSFORMATIONS.test(text) && /time\(/.test(text) && !/time >/.test(text) },
  { why: 'of equal values the one at a percentile is any of them', isIn: (text) => /percentile/.test(text) && (/DESC/.test(text) || /^SELECT percentile\([^)]*\), /.test(text) || !/time\(/.test(text)) },
  { why: 'of equally frequent values 1.6.7 takes the last as often as the first', isIn: (text) => /mode\(/.test(text) },
  { why: 'a line between integers wraps around at 64 bits in 1.6.7', isIn: (text, lines) => /fill\(linear/.test(text) && lines.some((line) => /=-?\d{16,}i/.test(line)) },
  { why: 'transformations and integral() take a source that stands twice in FROM one time after the other in 1.6.7', isIn: (text) => /FROM (m, m|k, m, k)/.test(text) && (TRANSFORMATIONS.test(text) || /integral/.test(text)) },
  { why: 'WHERE about a field that sources differ in, or that one of them lacks, lets no row pass in 1.6.7', isIn: (text) => SEVERAL_SOURCES.test(text) && /WHERE/.test(text) },
];

function isAskedInVain(text: string, name: string, lines: readonly string[]): boolean {
  const measurement = /FROM (?:nothing, )?(\w)/.exec(text)?.[1] ?? '';
  return new RegExp(`\\(${name}\\b`).test(text) && !lines.some((line) => line.startsWith(measurement) && new RegExp(`[ ,]${name}=`).test(line));
}

/** Whether every series has all tags and all fields. */
function areWhole(lines: readonly string[]): boolean {
  const keyOf = (line: string): string => line.slice(0, line.indexOf(' '));
  const hasAll = (key: string): boolean => ['f', 'i', 'v', 's', 'b'].every((name) => lines.some((line) => keyOf(line) === key && new RegExp(`[ ,]${name}=`).test(line)));
  return lines.every((line) => /,host=.*,rack=/.test(line) && hasAll(keyOf(line)));
}

const CALLS = /(count|sum|mean|median|mode|spread|stddev|first|last|min|max|percentile|distinct)[( ]/;
const TRANSFORMATIONS = /(derivative|difference|average|elapsed|cumulative_sum)\(/;
const SEVERAL_SOURCES = /FROM (m, k|k, m|\/)/;
