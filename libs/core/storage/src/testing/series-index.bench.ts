import { Prng } from '@varve/base';
import type { SeriesKey, TagFilter } from '@varve/model';
import { SeriesIndex } from '../series-index.ts';

// Memory and time of the series index with TSBS-like series: ten tags, hostname unique, the others of few values.
//   node --expose-gc libs/core/storage/src/testing/series-index.bench.ts [series count]
const SERIES_COUNT = Number(process.argv[2] ?? 1_000_000);
const BATCH_SIZE = 5_000;
const textDecoder = new TextDecoder();
const REGIONS = ['us-east-1', 'us-west-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-1', 'sa-east-1'];

const random = new Prng(1);
const index = SeriesIndex.open([]);
const batches = Array.from({ length: Math.ceil(SERIES_COUNT / BATCH_SIZE) }, (_, batch) =>
  bytesOf(
    Array.from({ length: Math.min(BATCH_SIZE, SERIES_COUNT - batch * BATCH_SIZE) }, (_, each) =>
      keyOf(batch * BATCH_SIZE + each),
    ),
  ),
);

const before = memoryBytes();
const isNew = eachBatch(batches);
console.log(
  `new series: ${((isNew.elapsedMs * 1e6) / SERIES_COUNT).toFixed(0)} ns each, ${(SERIES_COUNT / isNew.elapsedMs).toFixed(0)} k/s; longest batch ${isNew.longestMs.toFixed(1)} ms`,
);
const after = memoryBytes();
console.log(
  `memory: ${((after.used - before.used) / SERIES_COUNT).toFixed(0)} B/series in use, ${((after.resident - before.resident) / SERIES_COUNT).toFixed(0)} resident`,
);

const inOtherOrder = batches.map((batch) => bytesOf(shuffled(keysOf(batch))));
for (const [name, asked] of [
  ['4,000 known series', Array.from({ length: 50 }, () => bytesOf(keysOf(batches[0]!).slice(0, 4_000)))],
  ['known series in order', batches],
  ['known series in batches in no order', shuffled(inOtherOrder)],
] as const) {
  eachBatch(asked.slice(0, 20));
  const { elapsedMs, count } = eachBatch(asked);
  console.log(`${name}: ${((elapsedMs * 1e6) / count).toFixed(0)} ns each`);
}
const sorted = shuffled(batches.flatMap((batch, at) => (at % 10 === 0 ? keysOf(batch) : [])));
const anyOrder = Array.from({ length: sorted.length / BATCH_SIZE }, (_, at) =>
  bytesOf(sorted.slice(at * BATCH_SIZE, (at + 1) * BATCH_SIZE)),
);
const { elapsedMs, count } = eachBatch(anyOrder);
console.log(`known series in no order at all: ${((elapsedMs * 1e6) / count).toFixed(0)} ns each`);

const equals = (key: string, value: string): TagFilter => ({ kind: 'equals', key, value });
const tests = (key: string, test: (value: string) => boolean): TagFilter => ({ kind: 'test', key, test });
const filters: readonly (readonly [string, TagFilter])[] = [
  ['hostname = one', equals('hostname', `host_${SERIES_COUNT / 2}`)],
  ['hostname = none', equals('hostname', 'nobody')],
  [
    'hostname = one and region =',
    { kind: 'and', parts: [equals('hostname', 'host_77'), equals('region', REGIONS[1]!)] },
  ],
  [
    '8 hostnames',
    { kind: 'or', parts: Array.from({ length: 8 }, (_, host) => equals('hostname', `host_${host * 999}`)) },
  ],
  ['rack = (1 %)', equals('rack', '7')],
  ['region = (14 %)', equals('region', REGIONS[0]!)],
  [
    'region and rack and service',
    { kind: 'and', parts: [equals('region', REGIONS[0]!), equals('rack', '7'), equals('service', '3')] },
  ],
  [
    'rack matches 3 of 100, arch !=',
    { kind: 'and', parts: [tests('rack', (value) => /^7.?$/.test(value)), tests('arch', (value) => value !== 'x64')] },
  ],
  ['hostname matches 11', tests('hostname', (value) => /^host_1234.$/.test(value))],
  [
    'hostname != all but',
    { kind: 'and', parts: [equals('rack', '7'), tests('hostname', (value) => value !== 'host_5')] },
  ],
  ['arch != x64 (50 %)', tests('arch', (value) => value !== 'x64')],
  ['all', { kind: 'all' }],
];
for (const [name, filter] of filters) {
  const times = [1, 2, 3].map(() => {
    const startMs = performance.now();
    const length = index.series('cpu', filter).length;
    return { length, elapsedMs: performance.now() - startMs };
  });
  console.log(`${name}: ${times.map((time) => time.elapsedMs.toFixed(2)).join(', ')} ms, ${times[0]!.length} series`);
}
timed('tag keys', () => index.tagKeys('cpu').length);
timed('keys and tags of all', () =>
  index.series('cpu', { kind: 'all' }).reduce((sum, { key, tags }) => sum + key.length + tags.length, 0),
);
const stored = timed('series for the file', () => index.seriesAfter(0));
timed('open', () => SeriesIndex.open(stored).lastId);

function eachBatch(asked: readonly Uint8Array[]): { elapsedMs: number; longestMs: number; count: number } {
  let [elapsedMs, longestMs, count] = [0, 0, 0];
  for (const batch of asked) {
    const keys = keysOf(batch);
    const startMs = threadMs();
    for (const key of keys) if (index.idOf(key) === 0) throw new Error('no id');
    const batchMs = threadMs() - startMs;
    [elapsedMs, longestMs, count] = [elapsedMs + batchMs, Math.max(longestMs, batchMs), count + keys.length];
  }
  return { elapsedMs, longestMs, count };
}

/** The thread's own time, so that a busy machine changes little. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function timed<Result>(name: string, run: () => Result): Result {
  const startMs = threadMs();
  const result = run();
  console.log(`${name}: ${(threadMs() - startMs).toFixed(1)} ms`);
  return result;
}

/** Keys as a decoded frame has them: fresh strings whose hash is known, because the decoder looks for repeated ones. */
function keysOf(batch: Uint8Array): SeriesKey[] {
  const view = new DataView(batch.buffer, batch.byteOffset);
  const keys: SeriesKey[] = [];
  for (let offset = 0; offset < batch.length;) {
    const length = view.getUint16(offset);
    keys.push(textDecoder.decode(batch.subarray(offset + 2, offset + 2 + length)));
    offset += 2 + length;
  }
  if (new Set(keys).size !== keys.length) throw new Error('a key twice');
  return keys;
}

function bytesOf(keys: readonly SeriesKey[]): Uint8Array {
  return Buffer.concat(
    keys.flatMap((key) => {
      const size = Buffer.alloc(2);
      size.writeUInt16BE(Buffer.byteLength(key));
      return [size, Buffer.from(key)];
    }),
  );
}

function keyOf(host: number): SeriesKey {
  const region = random.pick(REGIONS);
  const tags = `arch=${random.pick(['x64', 'x86'])},datacenter=${region}${random.pick(['a', 'b', 'c'])},hostname=host_${host},os=${random.pick(['Ubuntu16.10', 'Ubuntu16.04LTS', 'Ubuntu15.10'])}`;
  const more = `rack=${random.between(0, 99)},region=${region},service=${random.between(0, 19)},service_environment=${random.pick(['production', 'staging', 'test'])}`;
  return `cpu,${tags},${more},service_version=${random.between(0, 1)},team=${random.pick(['SF', 'NYC', 'LON', 'CHI'])}`;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const all = items.slice();
  for (let end = all.length - 1; end > 0; end -= 1) {
    const other = random.between(0, end);
    [all[end], all[other]] = [all[other]!, all[end]!];
  }
  return all;
}

function memoryBytes(): { used: number; resident: number } {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss };
}
