import { Prng } from '@varve/base';
import { type BatchSeries, seriesKey } from '@varve/model';
import { decodeFrame } from '../decode-frame.ts';
import { encodeFrames } from '../encode-frame.ts';
import type { FrameSlice } from '../frame.ts';
import { columnIn, SHARD, stamps, START_NS } from './slices.ts';

// Rows per second and bytes per row of TSBS's cpu rows (10 tags, 10 fields, batches of 5,000), one thread:
//   node libs/frame/src/testing/frame.bench.ts
const ROW_COUNT = 5_000;
const ROUND_MS = 1_000;
const random = new Prng(1);

measure(
  'integers, 100 series',
  sliceOf(100, () => random.between(0, 100)),
);
measure(
  'integers, 4,000 series',
  sliceOf(4_000, () => random.between(0, 100)),
);
measure(
  'two decimals, 100 series',
  sliceOf(100, () => random.between(0, 10_000) / 100, 'float'),
);
measure(
  'random floats, 100 series',
  sliceOf(100, () => random.fraction(), 'float'),
);

function measure(name: string, slice: FrameSlice): void {
  const frames = encodeFrames(slice, stamps());
  const sizeBytes = frames.reduce((sum, { length }) => sum + length, 0);
  const encode = rate(() => encodeFrames(slice, stamps()));
  const decode = rate(() => frames.forEach((bytes) => decodeFrame(bytes)));
  const decoded = frames.map(decodeFrame);
  const read = rate(() =>
    decoded.forEach(({ sections }) =>
      sections.forEach(({ rows }) => rows.columns.forEach((_, index) => columnIn(rows, index))),
    ),
  );
  console.log(
    `${name}: ${frames.length} frames, ${(sizeBytes / ROW_COUNT).toFixed(1)} B/row, encode ${encode}, decode ${decode}, read all columns ${read}`,
  );
}

function rate(round: () => void): string {
  let startMs = performance.now();
  while (performance.now() - startMs < ROUND_MS / 2) round();
  startMs = performance.now();
  let count = 0;
  for (; performance.now() - startMs < ROUND_MS; count += 1) round();
  return `${((count * ROW_COUNT) / (performance.now() - startMs) / 1_000).toFixed(2)} M rows/s`;
}

function sliceOf(hostCount: number, value: () => number, type: 'integer' | 'float' = 'integer'): FrameSlice {
  const series = Array.from({ length: hostCount }, (_, host): BatchSeries => ({
    key: keyOf(host),
    measurement: 'cpu',
  }));
  const startMs = Number(START_NS / 1_000_000n);
  const table = {
    measurement: 'cpu',
    rowCount: ROW_COUNT,
    seriesIndexes: Uint32Array.from({ length: ROW_COUNT }, (_, row) => row % hostCount),
    times: {
      ms: Float64Array.from({ length: ROW_COUNT }, (_, row) => startMs + 10_000 * Math.floor(row / hostCount)),
      subNs: new Int32Array(ROW_COUNT),
    },
    lineIndexes: new Uint32Array(ROW_COUNT),
    columns: Array.from({ length: 10 }, (_, index) => ({
      name: `usage_${index}`,
      column: { type, values: Float64Array.from({ length: ROW_COUNT }, value) },
    })),
  };
  return { shard: SHARD, startNs: START_NS, tables: [{ table, rowIndexes: undefined }], series };
}

function keyOf(host: number): string {
  const region = random.pick(['us-west-1', 'us-east-1', 'eu-central-1', 'ap-southeast-2']);
  return seriesKey('cpu', [
    ['arch', random.pick(['x64', 'x86'])],
    ['datacenter', `${region}${random.pick(['a', 'b', 'c'])}`],
    ['hostname', `host_${host}`],
    ['os', random.pick(['Ubuntu16.10', 'Ubuntu15.10', 'Ubuntu16.04LTS'])],
    ['rack', `${random.between(0, 99)}`],
    ['region', region],
    ['service', `${random.between(0, 19)}`],
    ['service_environment', random.pick(['production', 'staging', 'test'])],
    ['service_version', `${random.between(0, 1)}`],
    ['team', random.pick(['SF', 'NYC', 'LON', 'CHI'])],
  ]);
}
