/** How the answer to a query is written. */
export type AnswerFormat = 'json' | 'csv' | 'msgpack';

/** What `Content-Type` says. */
export const CONTENT_TYPES: Readonly<Record<AnswerFormat, string>> = { json: 'application/json', csv: 'text/csv', msgpack: 'application/x-msgpack' };

const FORMATS: Readonly<Record<string, AnswerFormat>> = {
  'application/json': 'json',
  'application/csv': 'csv',
  'text/csv': 'csv',
  'application/x-msgpack': 'msgpack',
  // The first that InfluxDB has of them.
  '*/*': 'json',
  'application/*': 'json',
  'text/*': 'csv',
};
/** Ranges of one header that are looked at; no client sends so many. */
const RANGE_COUNT_MAX = 32;

/** The known format that `Accept` wants most, the first of equals; JSON when it names none. */
export function formatOf(accept: string | undefined): AnswerFormat {
  if (accept === undefined) return 'json';
  let best: AnswerFormat = 'json';
  let bestQuality = 0;
  for (const range of accept.split(',', RANGE_COUNT_MAX)) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
    const quality = qualityOf(parameters);
    if (format === undefined || quality <= bestQuality) continue;
    best = format;
    bestQuality = quality;
  }
  return best;
}

/** 1 unless `q=` says another number. */
function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((each) => each.startsWith('q='))?.slice(2);
  const quality = text === undefined ? 1 : Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
