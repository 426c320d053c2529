import { DbError, type ByteReader, type ByteWriter } from '@varve/base';
import { HllSketch } from '../sketch/hll-sketch.ts';
import { parseSketch, sketchText, type SketchOrProblem } from '../sketch/sketch-text.ts';
import type { FunctionDefinition, Merger, PartialState } from './function-definition.ts';
import type { Run } from './run.ts';
import { valueIn, type Vector } from './vector.ts';

/** What sketches of one group take on a data node at most: some thousand windows of many values. */
const SKETCHES_SIZE_BYTES_MAX = 128 * 1024 * 1024;

/** A sketch of the values, to be counted by count_hll() and merged by merge_hll(). */
export const sumHll: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  hasLargeResults: true,
  resultType: () => 'string',
  createPartial: () => {
    const scratch = new DataView(new ArrayBuffer(8));
    return sketchingPartial((held = new HllSketch(), { vector, start, end }) => {
      if (typeof held === 'string') return held;
      for (let index = start; index < end; index += 1) held.add(hashedForm(vector, index, scratch));
      return held;
    });
  },
  createMerger: sketchMerger,
};

/** The sketch of all that the sketches in texts have seen; what is none of these makes the answer an error in its own form. */
export const mergeHll: FunctionDefinition = {
  argumentTypes: ['string'],
  isSelector: false,
  hasLargeResults: true,
  resultType: () => 'string',
  createPartial: () =>
    sketchingPartial((held, { vector, start, end }) => {
      let joined = held;
      for (let index = start; index < end; index += 1) joined = join(joined, parseSketch(String(valueIn(vector, index))));
      return joined;
    }),
  createMerger: sketchMerger,
};

/** undefined: a sketch of nothing, of any precision. */
type Held = SketchOrProblem | undefined;

function sketchingPartial(added: (held: Held, run: Run) => Held): PartialState {
  const slots: { held: Held }[] = [];
  let sizeBytes = 0;
  return {
    add: (slot, run) => {
      const state = (slots[slot] ??= { held: undefined });
      sizeBytes -= sizeOf(state.held);
      state.held = added(state.held, run);
      sizeBytes += sizeOf(state.held);
      if (sizeBytes > SKETCHES_SIZE_BYTES_MAX) {
        throw new DbError('QUERY_LIMIT', `sketches of one series would take more than ${SKETCHES_SIZE_BYTES_MAX} bytes: narrow the time range or widen the interval`);
      }
    },
    heldCount: () => Math.ceil(sizeBytes / 8),
    partCount: (slot) => (slots[slot] === undefined ? 0 : 1),
    encode: (slot, _part, writer) => encodeHeld(writer, slots[slot]!.held),
  };
}

function sketchMerger(): Merger {
  let state: { readonly held: Held } | undefined;
  return {
    reset: () => {
      state = undefined;
    },
    merge: (reader) => {
      state = { held: join(state?.held, decodeHeld(reader)) };
    },
    results: () => (state === undefined ? [] : [{ value: sketchText(state.held), timeNs: undefined, neighbours: [] }]),
  };
}

/** Of several problems the first one in the order of texts, so that no order of shards shows. */
function join(left: Held, right: Held): Held {
  if (left === undefined || right === undefined) return left ?? right;
  if (typeof left === 'string') return typeof right === 'string' && right < left ? right : left;
  if (typeof right === 'string') return right;
  return left.merge(right) ?? left;
}

function sizeOf(held: Held): number {
  if (held === undefined) return 0;
  return typeof held === 'string' ? held.length : held.sizeBytes;
}

/** u8 0; or u8 1 · the bytes of a sketch; or u8 2 · what went wrong. */
function encodeHeld(writer: ByteWriter, held: Held): void {
  if (held === undefined) writer.u8(0);
  else if (typeof held === 'string') writer.u8(2).text(held);
  else writer.u8(1).block(held.toBytes());
}

function decodeHeld(reader: ByteReader): Held {
  switch (reader.u8()) {
    case 0:
      return undefined;
    case 1: {
      const sketch = HllSketch.fromBytes(reader.block());
      if (typeof sketch === 'string') throw new DbError('MESSAGE_INVALID', `a partial sketch: ${sketch}`);
      return sketch;
    }
    default:
      return reader.text();
  }
}

/** The bytes of a value that are hashed: numbers big-endian in 8 bytes, booleans in one, texts as UTF-8. */
function hashedForm({ type, values }: Vector, index: number, scratch: DataView): DataView {
  const value = values[index]!;
  if (type === 'float') scratch.setFloat64(0, value as number);
  else if (type === 'integer') scratch.setBigInt64(0, BigInt(value));
  else if (type === 'boolean') return new DataView(Uint8Array.of(value as number).buffer);
  else return new DataView(ENCODER.encode(value as string).buffer);
  return scratch;
}

const ENCODER = new TextEncoder();
