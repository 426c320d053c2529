import { Prng } from '@varve/base';
import { decodeColumnInto, encodeColumn } from '@varve/codec';
import type { Column } from '@varve/model';
import { startProgress } from '../progress.ts';
import { VARVE } from '../systems.ts';
import { normal } from '../workload.ts';
import { within, type Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';

const BLOCK_ROW_COUNT = 1_000;
const BLOCK_COUNT = 1_000;
/** Blocks lie beside each other, as in the payload of a chunk. */
const PAYLOAD_SIZE_BYTES = 64 * 1_024;
/** Each block is unpacked into the same array. */
const INTO = new Float64Array(BLOCK_ROW_COUNT);
const SCAN_MS = 2_000;
const WARM_UP_MS = 500;

/** Values of one field per second and core, through the codec alone, in this process. */
export const SCAN: Measurement = {
  name: 'scan',
  title: `full scan of one field, decoded values/s on one core, blocks of ${BLOCK_ROW_COUNT.toLocaleString('en')} values`,
  run: async ({ seed, scale }) => [
    figureOf('integers', encodeBlocks({ type: 'integer', seed, toField: Math.trunc }), scale),
    figureOf(
      'two decimals',
      encodeBlocks({ type: 'float', seed, toField: (value) => Math.round(value * 100) / 100 }),
      scale,
    ),
  ],
};

/** One field of a file, as blocks. */
interface EncodedField {
  readonly blocks: readonly Uint8Array[];
  /** Of all its values; a scan that finds another one is wrong. */
  readonly sum: number;
}

function figureOf(name: string, field: EncodedField, scale: number): Figure {
  scanFor(name, field, WARM_UP_MS * scale);
  const perSecond = scanFor(name, field, SCAN_MS * scale);
  return {
    name,
    better: 'more',
    values: new Map([[VARVE.name, perSecond]]),
    bound: within(300_000_000, 1_000_000_000),
  };
}

function encodeBlocks({
  type,
  seed,
  toField,
}: {
  readonly type: 'integer' | 'float';
  readonly seed: number;
  readonly toField: (value: number) => number;
}): EncodedField {
  const random = new Prng(seed);
  let sum = 0;
  const blocks = Array.from({ length: BLOCK_COUNT }, () => {
    let walk = random.fraction() * 100;
    const values = Float64Array.from({ length: BLOCK_ROW_COUNT }, () => {
      walk = Math.min(100, Math.max(0, walk + normal(random)));
      return toField(walk);
    });
    sum += sumOf(values);
    const column: Column = { type, values, validity: undefined };
    return encodeColumn(column, BLOCK_ROW_COUNT);
  });
  return { blocks: inPayloads(blocks), sum };
}

function inPayloads(blocks: readonly Uint8Array[]): readonly Uint8Array[] {
  let payload = new Uint8Array(0);
  let end = 0;
  return blocks.map((block) => {
    if (end + block.length > payload.length) [payload, end] = [new Uint8Array(Math.max(PAYLOAD_SIZE_BYTES, block.length)), 0];
    payload.set(block, end);
    end += block.length;
    return payload.subarray(end - block.length, end);
  });
}

/** @returns values per second of this thread's processor time, which other work on the machine changes least */
function scanFor(name: string, field: EncodedField, durationMs: number): number {
  const progress = startProgress({ label: `scanning ${name}`, total: durationMs / 1_000, unit: 'seconds' });
  const startedMs = performance.now();
  const startedCpu = process.threadCpuUsage();
  for (let count = 1; ; count += 1) {
    const sum = scanField(field);
    if (sum !== field.sum) throw new Error(`a scan found a sum of ${sum}, not ${field.sum}`);
    const elapsedMs = performance.now() - startedMs;
    progress.at(elapsedMs / 1_000);
    if (elapsedMs < durationMs) continue;
    progress.end();
    const { user, system } = process.threadCpuUsage(startedCpu);
    return ((count * BLOCK_COUNT * BLOCK_ROW_COUNT) / (user + system)) * 1_000_000;
  }
}

/** The way of a value from a block to whoever asks for it: what is measured. */
function scanField({ blocks }: EncodedField): number {
  let sum = 0;
  for (const block of blocks) {
    const { values } = decodeColumnInto(block, BLOCK_ROW_COUNT, INTO);
    if (!(values instanceof Float64Array)) throw new Error('a field of other values');
    sum += sumOf(values);
  }
  return sum;
}

/**
 * In four lanes that begin with a fraction, and by whole steps: summed up in any other way, the compiler makes more of the
 * sum (integers and back, a list of lanes) than of what is measured.
 */
function sumOf(values: Float64Array): number {
  let first = 0.5;
  let second = 0.5;
  let third = 0.5;
  let fourth = 0.5;
  for (let row = 0; row < BLOCK_ROW_COUNT; row = (row + 4) | 0) {
    first += values[row]!;
    second += values[(row + 1) | 0]!;
    third += values[(row + 2) | 0]!;
    fourth += values[(row + 3) | 0]!;
  }
  return first + second + third + fourth - 2;
}
