/** `measurement,tag=value,…` with tags sorted by key and InfluxDB's escapes: the canonical name of a series. */
export type SeriesKey = string & { readonly kind?: 'series-key' };
/** Tags sorted by key (by UTF-16 code unit), keys unique, no empty value. */
export type TagSet = readonly (readonly [key: string, value: string])[];

/** The canonical key. `tags` must be sorted by key; escapes `,` and space in the measurement, and `=` too in tags. */
export function seriesKey(measurement: string, tags: TagSet): SeriesKey {
  let key = escapeMeasurement(measurement);
  for (const [name, value] of tags) key += `,${tagSegment(name, value)}`;
  return key;
}

/** A tag as it stands in the canonical key of a series. */
export function tagSegment(name: string, value: string): string {
  return `${escapeTag(name)}=${escapeTag(value)}`;
}

/** The inverse of {@link seriesKey}. */
export function parseSeriesKey(key: SeriesKey): { readonly measurement: string; readonly tags: TagSet } {
  const parts = splitUnescaped(key, ',');
  const tags = parts.slice(1).map((part) => {
    const [name = '', value = ''] = splitUnescaped(part, '=');
    return [unescapeTag(name), unescapeTag(value)] as const;
  });
  return { measurement: unescapeMeasurement(parts[0] ?? ''), tags };
}

function escapeMeasurement(text: string): string {
  return /[, ]/.test(text) ? text.replaceAll(/[, ]/g, '\\$&') : text;
}

function escapeTag(text: string): string {
  return /[,= ]/.test(text) ? text.replaceAll(/[,= ]/g, '\\$&') : text;
}

function unescapeMeasurement(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([, ])/g, '$1') : text;
}

function unescapeTag(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([,= ])/g, '$1') : text;
}

function splitUnescaped(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== separator || text[index - 1] === '\\') continue;
    parts.push(text.slice(start, index));
    start = index + 1;
  }
  parts.push(text.slice(start));
  return parts;
}
