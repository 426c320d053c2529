import { compareVersions, parseSeriesKey, type FieldValue, type TagExpression, type Tombstone, type Version } from '@varve/model';
import type { OffsetRange } from '../rows.ts';
import type { TestRow } from './frames.ts';

interface NaiveCell {
  readonly value: FieldValue;
  readonly version: Version;
}

/** What a shard holds, as simply as it can be said: a version per cell, and the greatest wins, unless a delete is greater. */
export class NaiveShard {
  readonly #deletes: { readonly version: Version; readonly tombstone: Tombstone }[] = [];
  readonly #cells = new Map<string, Map<number, Map<string, NaiveCell>>>();

  write(version: Version, rows: readonly TestRow[]): void {
    for (const { key, offsetNs, fields } of rows) {
      const times = getOrAdd(this.#cells, key, () => new Map<number, Map<string, NaiveCell>>());
      const cells = getOrAdd(times, offsetNs, () => new Map<string, NaiveCell>());
      for (const [name, value] of Object.entries(fields)) {
        const present = cells.get(name);
        if (present === undefined || compareVersions(present.version, version) <= 0)
          cells.set(name, { value, version });
      }
    }
  }

  delete(version: Version, tombstone: Tombstone): void {
    this.#deletes.push({ version, tombstone });
  }

  keys(measurement: string): string[] {
    return [...this.#cells.keys()].filter((key) => parseSeriesKey(key).measurement === measurement).sort();
  }

  read(
    key: string,
    { startOffsetNs, endOffsetNs }: OffsetRange,
    names: readonly string[],
  ): Map<number, Map<string, FieldValue>> {
    const found = new Map<number, Map<string, FieldValue>>();
    for (const [offsetNs, cells] of [...(this.#cells.get(key) ?? [])].sort(([left], [right]) => left - right)) {
      if (offsetNs < startOffsetNs || offsetNs >= endOffsetNs) continue;
      const wanted = [...cells]
        .filter(([name, { version }]) => names.includes(name) && !this.#isHidden(key, offsetNs, version))
        .map(([name, { value }]) => [name, value] as const);
      if (wanted.length > 0) found.set(offsetNs, new Map(wanted));
    }
    return found;
  }

  #isHidden(key: string, offsetNs: number, cellVersion: Version): boolean {
    return this.#deletes.some(
      ({ version, tombstone: { measurement, series, startOffsetNs, endOffsetNs } }) =>
        compareVersions(cellVersion, version) < 0 &&
        startOffsetNs <= offsetNs &&
        offsetNs < endOffsetNs &&
        [undefined, parseSeriesKey(key).measurement].includes(measurement) &&
        passes(new Map(parseSeriesKey(key).tags), series),
    );
  }
}

/** Test patterns mean the same to JavaScript and RE2. */
function passes(tags: ReadonlyMap<string, string>, series: TagExpression): boolean {
  switch (series.kind) {
    case 'all':
      return true;
    case 'and':
      return series.parts.every((part) => passes(tags, part));
    case 'or':
      return series.parts.some((part) => passes(tags, part));
    case 'match': {
      const value = tags.get(series.key) ?? '';
      const isEqual = series.operator.includes('~') ? new RegExp(series.value).test(value) : value === series.value;
      return isEqual === series.operator.startsWith('=');
    }
  }
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
