import type { FieldType } from '@varve/model';
import type { ChunkField, ChunkHeader } from './chunk/chunk-header.ts';
import type { UnpackedPage } from './chunk/read-chunk.ts';
import { SharedPages } from './chunk/shared-pages.ts';

/** The fields of a chunk that are asked for, and their places in its header. Both run alike. */
export interface FieldsOfChunk {
  readonly fields: readonly ChunkField[];
  readonly places: readonly number[];
}

/** The fields of a section of a frame: one object for sections that have the same ones in the same order, so that it is looked into once. */
export type SegmentFields = readonly { readonly name: string; readonly type: FieldType }[];

/** A field of sections that is asked for. */
export interface SegmentField {
  readonly name: string;
  readonly type: FieldType;
  /** Its place among the fields of each section that has it. */
  readonly places: ReadonlyMap<SegmentFields, number>;
}

/** No field: times alone. */
export const NO_FIELDS: FieldsOfChunk = { fields: [], places: [] };

/** Fields that a reader asks for. What the chunk at hand has of them is looked up once: its series are read one after the other. */
export class WantedFields {
  /** undefined: all that there are. */
  readonly names: ReadonlySet<string> | undefined;
  /** What was unpacked of them. */
  readonly sharedPages = new SharedPages<UnpackedPage>();
  #header: ChunkHeader | undefined;
  #ofChunk = NO_FIELDS;
  readonly #ofSegments = new Map<SegmentFields, readonly SegmentField[]>();
  #segment: SegmentFields | undefined;
  #ofSegment: readonly SegmentField[] = [];

  constructor(names: Iterable<string> | undefined) {
    this.names = names && new Set(names);
  }

  of(header: ChunkHeader): FieldsOfChunk {
    if (header !== this.#header) {
      const [fields, places]: [ChunkField[], number[]] = [[], []];
      for (let place = 0; place < header.fields.length; place += 1) {
        const field = header.fields[place]!;
        if (this.names?.has(field.name) === false) continue;
        fields.push(field);
        places.push(place);
      }
      this.#ofChunk = { fields, places };
      this.#header = header;
    }
    return this.#ofChunk;
  }

  /** Those of a section of a frame. */
  ofSegment(fields: SegmentFields): readonly SegmentField[] {
    if (fields !== this.#segment) {
      this.#segment = fields;
      this.#ofSegment = this.#ofSegments.get(fields) ?? this.#find(fields);
    }
    return this.#ofSegment;
  }

  #find(fields: SegmentFields): readonly SegmentField[] {
    const found = fields.map(({ name, type }, place) => ({ name, type, places: new Map([[fields, place]]) })).filter(({ name }) => this.names?.has(name) !== false);
    this.#ofSegments.set(fields, found);
    return found;
  }
}
