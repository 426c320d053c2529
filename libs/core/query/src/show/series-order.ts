import { parseSeriesKey, type SeriesKey } from '@varve/model';

/** What names cannot have, and what sorts before all that they can have. */
const END = '\0';

/**
 * Keys of series, each once, as SHOW SERIES of InfluxDB has them: by measurement, then tag by tag, as they are without escapes;
 * `a` stands before `a,u=1`, and that before `a b`. With a bound of time it reads them as texts and sorts them as texts.
 */
export function orderedKeys(keys: Iterable<SeriesKey>, isByText: boolean): readonly SeriesKey[] {
  const distinct = [...new Set(keys)];
  if (isByText) return distinct.sort();
  const ordered = distinct.map((key) => ({ key, order: orderOf(key) }));
  ordered.sort((left, right) => (left.order < right.order ? -1 : Number(left.order > right.order)));
  return ordered.map(({ key }) => key);
}

/** A text that sorts as the parts of the key do. */
function orderOf(key: SeriesKey): string {
  if (!key.includes('\\')) return isPlain(key) ? key.replaceAll(/[,=]/g, END) : orderOfParts(key);
  return orderOfParts(key);
}

/** A measurement may have a `=` that nothing escapes. */
function isPlain(key: SeriesKey): boolean {
  const comma = key.indexOf(',');
  const equals = key.indexOf('=');
  return equals === -1 || (comma !== -1 && comma < equals);
}

function orderOfParts(key: SeriesKey): string {
  const { measurement, tags } = parseSeriesKey(key);
  return [measurement, ...tags.flat()].join(END);
}
