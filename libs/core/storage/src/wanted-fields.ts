import type { ChunkField, ChunkHeader } from './chunk/chunk-header.ts';

/** The fields of a chunk that are asked for, and their places in its header. Both run alike. */
export interface FieldsOfChunk {
  readonly fields: readonly ChunkField[];
  readonly places: readonly number[];
}

/** No field: times alone. */
export const NO_FIELDS: FieldsOfChunk = { fields: [], places: [] };

/** Fields that a reader asks for. What the chunk at hand has of them is looked up once: its series are read one after the other. */
export class WantedFields {
  /** undefined: all that there are. */
  readonly names: ReadonlySet<string> | undefined;
  #header: ChunkHeader | undefined;
  #ofChunk = NO_FIELDS;

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
}
