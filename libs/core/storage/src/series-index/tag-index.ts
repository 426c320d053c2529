import { parseSeriesKey, tagSegment, type TagFilter } from '@varve/model';
import { UintList } from '../uint-list.ts';
import { IdLists } from './id-lists.ts';
import { IdSet } from './id-set.ts';
import { NO_OWNER, type Segments } from './segments.ts';

/** So many values of a column are read together. */
const TEXT_COUNT_MAX = 1_024;
/** A tag as most are: nothing in it is escaped, or ought to be. */
const PLAIN_TAG = /^[^\\,= ]+=[^\\,= ]+$/;

interface Measurement {
  /** From 0 up, in order of first appearance. */
  readonly measurementId: number;
  seriesCount: number;
  /** The segments that mean it: one, but for keys that are escaped in an unusual way. */
  readonly owners: number[];
  /** Tag key → its values. */
  readonly columns: Map<string, Column>;
}

/** The values of one tag key in one measurement. */
interface Column {
  readonly tagKey: string;
  /** The newest segment; from it `#links` lead to the others. */
  lastSegment: number;
  /** Every value is escaped as `seriesKey` does it: its segment can be found by its text. */
  isCanonical: boolean;
}

/**
 * Which series have which tags: for each segment the ascending ids of its series. What passes a filter is a set of bits,
 * so that a condition costs its lists and one pass over a bit per series.
 */
export class TagIndex {
  readonly #segments: Segments;
  readonly #measurements: Measurement[] = [];
  readonly #byName = new Map<string, Measurement>();
  /** Segment of a measurement → its id; of a tag → the segment before it in its column, 0 at the first. */
  readonly #links = new UintList();
  /** Segment → series. */
  readonly #lists = new IdLists();

  constructor(segments: Segments) {
    this.#segments = segments;
    this.#addSegment(0);
  }

  /** Series come with ascending ids. */
  addSeries(seriesId: number, owner: number, tags: readonly number[]): void {
    for (let segmentId = this.#links.length; segmentId <= this.#segments.lastId; segmentId += 1)
      this.#learnSegment(segmentId);
    this.#measurements[this.measurementIdOf(owner)]!.seriesCount += 1;
    this.#lists.append(owner, seriesId);
    for (const segmentId of tags) this.#lists.append(segmentId, seriesId);
  }

  measurementIdOf(owner: number): number {
    return this.#links.at(owner);
  }

  /** The id of a measurement, undefined when no series has it. */
  findMeasurement(name: string): number | undefined {
    return this.#byName.get(name)?.measurementId;
  }

  seriesCountOf(measurementId: number): number {
    return this.#measurements[measurementId]!.seriesCount;
  }

  /** In no order. */
  measurements(): Iterable<string> {
    return this.#byName.keys();
  }

  /** In no order. */
  tagKeys(measurement: string): Iterable<string> {
    return this.#byName.get(measurement)?.columns.keys() ?? [];
  }

  /** The values of a tag key in a measurement, each once, in no order. */
  *tagValues(measurement: string, tagKey: string): Generator<string> {
    const column = this.#byName.get(measurement)?.columns.get(tagKey);
    for (const [, text] of this.#valuesOf(column)) yield valueOf(column!, text);
  }

  /** The series of a measurement, all with ids up to `idMax`, that the filter lets pass. */
  matching(measurementId: number, filter: TagFilter, idMax: number): IdSet {
    const passing = new IdSet(idMax);
    this.#addMatching(this.#measurements[measurementId]!, filter, { idMax, into: passing });
    return passing;
  }

  #addMatching(measurement: Measurement, filter: TagFilter, to: Target): void {
    switch (filter.kind) {
      case 'all':
        this.#addAll(measurement, to);
        break;
      case 'and':
        this.#addIntersection(measurement, filter.parts, to);
        break;
      case 'or':
        for (const part of filter.parts) this.#addMatching(measurement, part, to);
        break;
      case 'equals':
        this.#addEqual(measurement, filter, to);
        break;
      case 'among':
        this.#addAmong(measurement, filter, to);
        break;
      case 'test':
        this.#addPassing(measurement, filter, to);
        break;
    }
  }

  #addAll({ owners }: Measurement, { into }: Target): void {
    for (const owner of owners) this.#lists.addTo(owner, into);
  }

  #addIntersection(measurement: Measurement, parts: readonly TagFilter[], { idMax, into }: Target): void {
    const all: TagFilter = { kind: 'all' };
    const [first = all, ...others] = parts;
    const common = this.matching(measurement.measurementId, first, idMax);
    for (const part of others) common.intersect(this.matching(measurement.measurementId, part, idMax));
    into.unite(common);
  }

  #addEqual(
    measurement: Measurement,
    { key, value }: { readonly key: string; readonly value: string },
    to: Target,
  ): void {
    const column = measurement.columns.get(key);
    if (value === '' || column?.isCanonical === false) {
      this.#addPassing(measurement, { key, test: (each) => each === value }, to);
    } else if (column !== undefined) {
      const text = tagSegment(key, value);
      for (const owner of measurement.owners) {
        const segmentId = this.#segments.find(owner, text);
        if (segmentId !== 0) this.#lists.addTo(segmentId, to.into);
      }
    }
  }

  #addAmong(measurement: Measurement, { key, values }: { readonly key: string; readonly values: ReadonlySet<string> }, to: Target): void {
    if (values.has('') || measurement.columns.get(key)?.isCanonical === false) this.#addPassing(measurement, { key, test: (each) => values.has(each) }, to);
    else for (const value of values) this.#addEqual(measurement, { key, value }, to);
  }

  /** Asks the test once per distinct value; series without the tag have the value ''. */
  #addPassing(
    measurement: Measurement,
    { key, test }: { readonly key: string; readonly test: (value: string) => boolean },
    { idMax, into }: Target,
  ): void {
    const column = measurement.columns.get(key);
    if (!test('')) {
      for (const segmentId of this.#segmentsWhere(column, test)) this.#lists.addTo(segmentId, into);
      return;
    }
    const rest = new IdSet(idMax);
    this.#addAll(measurement, { idMax, into: rest });
    for (const segmentId of this.#segmentsWhere(column, (value) => !test(value)))
      this.#lists.removeFrom(segmentId, rest);
    into.unite(rest);
  }

  /** The segments of a column whose values pass. */
  #segmentsWhere(column: Column | undefined, test: (value: string) => boolean): number[] {
    const passing: number[] = [];
    for (const [segmentId, text] of this.#valuesOf(column)) if (test(valueOf(column!, text))) passing.push(segmentId);
    return passing;
  }

  /** The segments of a column with their texts, the newest first. */
  *#valuesOf(column: Column | undefined): Generator<readonly [segmentId: number, text: string]> {
    let segmentId = column?.lastSegment ?? 0;
    while (segmentId !== 0) {
      const some: number[] = [];
      for (; segmentId !== 0 && some.length < TEXT_COUNT_MAX; segmentId = this.#links.at(segmentId)) some.push(segmentId);
      for (const [index, text] of this.#segments.textsOf(some).entries()) yield [some[index]!, text];
    }
  }

  #learnSegment(segmentId: number): void {
    const owner = this.#segments.ownerOf(segmentId);
    const text = this.#segments.textOf(segmentId);
    this.#addSegment(owner === NO_OWNER ? this.#learnOwner(segmentId, text) : this.#learnTag(segmentId, owner, text));
  }

  /** @returns the id of its measurement */
  #learnOwner(segmentId: number, text: string): number {
    const name = parseSeriesKey(text).measurement;
    let measurement = this.#byName.get(name);
    if (measurement === undefined) {
      measurement = { measurementId: this.#measurements.length, seriesCount: 0, owners: [], columns: new Map() };
      this.#measurements.push(measurement);
      this.#byName.set(name, measurement);
    }
    measurement.owners.push(segmentId);
    return measurement.measurementId;
  }

  /** @returns the segment before it in its column */
  #learnTag(segmentId: number, owner: number, text: string): number {
    const { columns } = this.#measurements[this.measurementIdOf(owner)]!;
    const isPlain = PLAIN_TAG.test(text);
    const [tagKey, value] = isPlain ? [text.slice(0, text.indexOf('=')), ''] : parseTag(text);
    let column = columns.get(tagKey);
    if (column === undefined) columns.set(tagKey, (column = { tagKey, lastSegment: 0, isCanonical: true }));
    column.isCanonical &&= isPlain || text === tagSegment(tagKey, value);
    const before = column.lastSegment;
    column.lastSegment = segmentId;
    return before;
  }

  #addSegment(link: number): void {
    this.#links.push(link);
    this.#lists.addList();
  }
}

/** Where what passes goes. */
interface Target {
  readonly idMax: number;
  readonly into: IdSet;
}

function valueOf({ tagKey, isCanonical }: Column, text: string): string {
  return isCanonical && !text.includes('\\') ? text.slice(tagKey.length + 1) : parseTag(text)[1];
}

function parseTag(text: string): readonly [key: string, value: string] {
  return parseSeriesKey(`,${text}`).tags[0]!;
}
