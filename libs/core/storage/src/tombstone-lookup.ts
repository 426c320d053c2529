import { matchesTags, type parseSeriesKey, type TagFilter } from '@varve/model';
import type { HeldTombstone } from './tombstones.ts';

type SeriesName = ReturnType<typeof parseSeriesKey>;

/**
 * Tombstones by what they ask of a series, so that a thousand deletes of one host each are not all held against every series:
 * each is found under a value that it wants of some tag, or, wanting none, under its measurement.
 */
export class TombstoneLookup {
  readonly #ofTag = new Map<string, HeldTombstone[]>();
  /** Undefined: of every measurement. */
  readonly #ofMeasurement = new Map<string | undefined, HeldTombstone[]>();

  add(tombstone: HeldTombstone): void {
    const wanted = wantedTag(tombstone.filter);
    if (wanted === undefined) push(this.#ofMeasurement, tombstone.measurement, tombstone);
    else push(this.#ofTag, nameOf(wanted.key, wanted.value), tombstone);
  }

  /** Those that match the series; in no order. */
  matching(series: SeriesName): readonly HeldTombstone[] {
    const values = new Map(series.tags);
    const valueOf = (key: string): string => values.get(key) ?? '';
    return this.candidates(series).filter(({ measurement, filter }) => (measurement === undefined || measurement === series.measurement) && matchesTags(filter, valueOf));
  }

  /** Those that may match it, each once. */
  candidates({ measurement, tags }: SeriesName): readonly HeldTombstone[] {
    const lists = [this.#ofMeasurement.get(undefined), this.#ofMeasurement.get(measurement), ...tags.map(([key, value]) => this.#ofTag.get(nameOf(key, value)))];
    return lists.flatMap((list) => list ?? []);
  }
}

/** A value without which the filter does not hold; '' is no value that a series could be found by. */
function wantedTag(filter: TagFilter): (TagFilter & { readonly kind: 'equals' }) | undefined {
  if (filter.kind === 'equals') return filter.value === '' ? undefined : filter;
  if (filter.kind !== 'and') return undefined;
  for (const part of filter.parts) {
    const wanted = wantedTag(part);
    if (wanted !== undefined) return wanted;
  }
  return undefined;
}

function nameOf(key: string, value: string): string {
  return `${key.length}:${key}${value}`;
}

function push<Key>(lists: Map<Key, HeldTombstone[]>, key: Key, tombstone: HeldTombstone): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [tombstone]);
  else list.push(tombstone);
}
