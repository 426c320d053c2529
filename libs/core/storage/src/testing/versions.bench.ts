import { Prng } from '@varve/base';
import { decodeFrame, encodeFrames, type Frame } from '@varve/frame';
import { pageCountOf, sectionOf } from '../chunk/chunk-header.ts';
import { flush, MemoryShard, mergeAll } from './memory-shard.ts';

// Bytes that versions take in chunks, with the watermark standing still and moving behind the newest frame:
//   node libs/core/storage/src/testing/versions.bench.ts
// TSBS's cpu rows of 1,000 series, ten integers each, in frames of 5,000 rows; a flush every 20 frames, then merges.
const FIELDS = 'user system idle nice iowait irq softirq steal guest guest_nice'.split(' ').map((name) => `usage_${name}`);
const SERIES_COUNT = 1_000;
const FRAME_ROW_COUNT = 5_000;
const FRAME_COUNT = 400;
const FLUSH_FRAME_COUNT = 20;
/** Ticks of ten seconds, 2.8 hours, out of which rows come in any order. */
const SHUFFLED_TICK_COUNT = 1_000;
const START_NS = 1_451_606_400_000_000_000n;

interface Row {
  readonly host: number;
  readonly tick: number;
}

for (const [name, rows] of [['in order', inOrder()], ['out of order over 2.8 hours', outOfOrder()]] as const) {
  const frames = framesOf(rows);
  for (const lag of [undefined, 400, 100, 10]) measure(`${name}, ${lag === undefined ? 'S standing still' : `S ${lag} frames behind`}`, frames, lag);
}

function measure(name: string, frames: readonly Frame[], lag: number | undefined): void {
  const shard = new MemoryShard();
  const table = shard.open();
  for (const [index, frame] of frames.entries()) {
    table.insert(frame, index + 1);
    if ((index + 1) % FLUSH_FRAME_COUNT > 0) continue;
    const passed = lag === undefined ? undefined : frames[index - lag]?.header.version;
    if (passed !== undefined) table.raiseWatermark({ ...passed, incarnation: 0 });
    flush(table, shard);
    mergeAll(table, shard);
  }
  let [dictionaries, ordinals, payloads, rowCount] = [0, 0, 0, 0];
  for (const chunkId of shard.chunkIds) {
    const header = shard.bytes.header(chunkId)!;
    dictionaries += header.sectionStarts[0]!;
    for (let page = 0; page < pageCountOf(header); page += 1) {
      const section = sectionOf(header, page) + 1;
      ordinals += header.sectionStarts[section + 1]! - header.sectionStarts[section]!;
    }
    payloads += header.payloadSizeBytes;
    rowCount += header.rowCount;
  }
  const perRow = (sizeBytes: number): string => (sizeBytes / rowCount).toFixed(3);
  console.log(`${name}: versions ${perRow(dictionaries + ordinals)} B/row (dictionaries ${perRow(dictionaries)}, ordinals ${perRow(ordinals)}), payloads ${perRow(payloads)} B/row, ${shard.chunkCount} chunks`);
}

function inOrder(): Row[] {
  return Array.from({ length: FRAME_COUNT * FRAME_ROW_COUNT }, (_, row) => ({ host: row % SERIES_COUNT, tick: Math.floor(row / SERIES_COUNT) }));
}

function outOfOrder(): Row[] {
  const prng = new Prng(1);
  const rows = inOrder();
  const window = SERIES_COUNT * SHUFFLED_TICK_COUNT;
  for (let place = rows.length - 1; place > 0; place -= 1) {
    const first = place - (place % window);
    const other = prng.between(first, place);
    [rows[place], rows[other]] = [rows[other]!, rows[place]!];
  }
  return rows;
}

function framesOf(rows: readonly Row[]): Frame[] {
  const prng = new Prng(2);
  const levels = Array.from({ length: SERIES_COUNT * FIELDS.length }, () => prng.between(0, 100));
  const walk = (host: number, field: number): number => {
    const at = host * FIELDS.length + field;
    return (levels[at] = Math.min(100, Math.max(0, levels[at]! + prng.between(-1, 1))));
  };
  return Array.from({ length: FRAME_COUNT }, (_, index) => frameOf(rows.slice(index * FRAME_ROW_COUNT, (index + 1) * FRAME_ROW_COUNT), index + 1, walk));
}

function frameOf(rows: readonly Row[], number: number, valueOf: (host: number, field: number) => number): Frame {
  const hosts = [...new Set(rows.map(({ host }) => host))];
  const placeOf = new Map(hosts.map((host, place) => [host, place]));
  const table = {
    measurement: 'cpu',
    rowCount: rows.length,
    seriesIndexes: Uint32Array.from(rows, ({ host }) => placeOf.get(host)!),
    times: { ms: Float64Array.from(rows, ({ tick }) => Number(START_NS / 1_000_000n) + tick * 10_000), subNs: new Int32Array(rows.length) },
    lineIndexes: Uint32Array.from(rows.keys()),
    columns: FIELDS.map((name, field) => ({ name, column: { type: 'integer', values: Float64Array.from(rows, ({ host }) => valueOf(host, field)) } as const })),
  };
  const series = hosts.map((host) => ({ key: `cpu,hostname=host_${host}`, measurement: 'cpu' }));
  const stamp = { mutation: { incarnation: 1, shard: 1, number }, version: { wallMs: 1_700_000_000_000 + number * 9, counter: 0, incarnation: 1 } };
  const [bytes] = encodeFrames({ shard: 1, startNs: START_NS, series, tables: [{ table, rowIndexes: undefined }] }, () => stamp);
  return decodeFrame(bytes!);
}
