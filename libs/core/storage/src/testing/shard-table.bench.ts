import { decodeFrame, encodeFrames } from '@varve/frame';
import type { PointBatch, SeriesSlice } from '@varve/model';
import { ShardTable } from '../shard-table.ts';
import { MemoryShard, packed } from './memory-shard.ts';
import { WantedFields } from '../wanted-fields.ts';

// Rows per second into the memtable and into chunks, values per second out of both, for TSBS's cpu rows (ten fields, ten
// seconds apart, batches of 5,000), one thread:
//   node libs/core/storage/src/testing/shard-table.bench.ts
const FIELDS = 'user system idle nice iowait irq softirq steal guest guest_nice'
  .split(' ')
  .map((name) => `usage_${name}`);
const BATCH_ROW_COUNT = 5_000;
const START_NS = 1_451_606_400_000_000_000n;
const EVERYTHING = { startOffsetNs: 0, endOffsetNs: Number.MAX_SAFE_INTEGER };

const walk = (row: number, field: number): number =>
  Math.round(50 + 40 * Math.sin(row / 17 + field) + ((row * 7 + field * 3) % 5));
measure('integers, 4,000 series', { seriesCount: 4_000, rowCount: 1_000_000, type: 'integer', value: walk });
measure('two decimals, 4,000 series', {
  seriesCount: 4_000,
  rowCount: 1_000_000,
  type: 'float',
  value: (row, field) => ((row * 7919 + field * 104729) % 10_007) / 100,
});
measure('integers, 100 series', { seriesCount: 100, rowCount: 1_000_000, type: 'integer', value: walk });
measure('integers, 100,000 series', { seriesCount: 100_000, rowCount: 500_000, type: 'integer', value: walk });

interface Shape {
  readonly seriesCount: number;
  readonly rowCount: number;
  readonly type: 'integer' | 'float';
  readonly value: (row: number, field: number) => number;
}

function measure(name: string, shape: Shape): void {
  const shard = new MemoryShard();
  const table = shard.open();
  const frames = framesOf(shape);
  const valueCount = shape.rowCount * FIELDS.length;
  const decoded = frames.map((bytes) => decodeFrame(bytes));
  console.log(
    `${name}: ${frames.length} frames, ${(frames.reduce((sum, { length }) => sum + length, 0) / shape.rowCount).toFixed(1)} B/row`,
  );

  report('  insert', shape.rowCount, 'rows', () => decoded.forEach((frame, index) => table.insert(frame, index + 1)));
  report('  scan of the memtable, one field', shape.rowCount, 'values', () => scan(table, shard, ['usage_user']));
  let payloads = 0;
  let headers = 0;
  report('  flush', shape.rowCount, 'rows', () => {
    const job = table.beginFlush()!;
    const chunks = packed(job, shard);
    for (const { header, payload } of chunks)
      [headers, payloads] = [headers + header.length, payloads + payload.length];
    table.completeFlush(job, shard.commit(job.change, chunks));
  });
  console.log(
    `  ${shard.chunkCount} chunks; payload ${(payloads / valueCount).toFixed(3)}, headers ${(headers / valueCount).toFixed(3)} B/value`,
  );
  for (const round of [1, 2]) {
    report(`  scan of chunks, one field (${round})`, shape.rowCount, 'values', () =>
      scan(table, shard, ['usage_user']),
    );
    report(`  scan of chunks, all fields (${round})`, valueCount, 'values', () => scan(table, shard, FIELDS));
  }
}

/** Counts the thread's own time, so that a busy machine changes little. */
function report(name: string, count: number, unit: string, run: () => void): void {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  const elapsedMs = (user + system) / 1_000;
  console.log(`${name}: ${elapsedMs.toFixed(0)} ms, ${(count / elapsedMs / 1_000).toFixed(2)} M ${unit}/s`);
}

function scan(table: ShardTable, shard: MemoryShard, fields: readonly string[]): void {
  let sum = 0;
  for (const ref of table.series('cpu', { kind: 'all' })) {
    const read = { seriesId: ref.seriesId, range: EVERYTHING, fields: new WantedFields(fields) };
    for (const piece of table.read(read, table.planRead(read, shard.bytes), shard.bytes)) {
      for (const { column } of (piece as SeriesSlice).columns) sum += Number(column.values[0]);
    }
  }
  if (Number.isNaN(sum)) throw new Error('no sum');
}

function framesOf({ seriesCount, rowCount, type, value }: Shape): Uint8Array[] {
  const series = Array.from({ length: seriesCount }, (_, host) => ({
    key: `cpu,arch=x64,datacenter=eu-west-1a,hostname=host_${host},os=Ubuntu16.10,rack=${host % 97},region=eu-west-1,service=${host % 19},service_environment=production,service_version=1,team=NYC`,
    measurement: 'cpu',
  }));
  const frames: Uint8Array[] = [];
  for (let first = 0; first < rowCount; first += BATCH_ROW_COUNT) {
    const rows = Array.from({ length: BATCH_ROW_COUNT }, (_, index) => first + index);
    const hosts = rows.map((row) => row % seriesCount);
    const local = [...new Set(hosts)];
    const placeOf = new Map(local.map((host, place) => [host, place]));
    const batch: PointBatch = {
      series: local.map((host) => series[host]!),
      rowCount: rows.length,
      tables: [
        {
          measurement: 'cpu',
          rowCount: rows.length,
          seriesIndexes: Uint32Array.from(hosts, (host) => placeOf.get(host)!),
          times: {
            ms: Float64Array.from(
              rows,
              (row) => Number(START_NS / 1_000_000n) + Math.floor(row / seriesCount) * 10_000,
            ),
            subNs: new Int32Array(rows.length),
          },
          lineIndexes: Uint32Array.from(rows),
          columns: FIELDS.map((name, field) => ({
            name,
            column: {
              type,
              values: Float64Array.from(rows, (row) =>
                value(Math.floor(row / seriesCount) + (row % seriesCount) * 13, field),
              ),
            },
          })),
        },
      ],
    };
    const number = frames.length + 1;
    const stamp = {
      mutation: { incarnation: 1, shard: 1, number },
      version: { wallMs: 1_700_000_000_000 + number * 9, counter: 0, incarnation: 1 },
    };
    frames.push(
      ...encodeFrames(
        {
          shard: 1,
          startNs: START_NS,
          series: batch.series,
          tables: batch.tables.map((table) => ({ table, rowIndexes: undefined })),
        },
        () => stamp,
      ),
    );
  }
  return frames;
}
