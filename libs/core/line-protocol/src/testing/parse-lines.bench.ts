import { parseLines } from '../parse-lines.ts';
import { SeriesMemory } from '../series-memory.ts';

// Rows per second of TSBS's cpu rows (10 tags, 10 integer fields, batches of 5,000), one thread:
//   node libs/core/line-protocol/src/testing/parse-lines.bench.ts
const FIELDS = 'user system idle nice iowait irq softirq steal guest guest_nice'
  .split(' ')
  .map((name) => `usage_${name}`);
const ROW_COUNT = 5_000;
const ROUND_COUNT = 200;

measure('integers, same order', { hostCount: 4_000, value: (seed) => `${seed % 101}i` });
measure('integers, shuffled', { hostCount: 4_000, isShuffled: true, value: (seed) => `${seed % 101}i` });
measure('integers, 100,000 series', { hostCount: 100_000, value: (seed) => `${seed % 101}i` });
measure('integers, series never seen', { hostCount: 1e9, value: (seed) => `${seed % 101}i` });
measure('two decimals', { hostCount: 4_000, value: (seed) => ((seed % 10_007) / 100).toFixed(2) });
measure('sixteen digits', { hostCount: 4_000, value: (seed) => `${((seed % 10_007) + 1) / 101}` });
measure('escaped strings', { hostCount: 4_000, value: (seed) => `"say \\"${seed % 101}\\""` });

function measure(
  name: string,
  shape: { hostCount: number; isShuffled?: boolean; value: (seed: number) => string },
): void {
  const memory = new SeriesMemory();
  let bestRowsPerSecond = 0;
  let spentMs = 0;
  const bodyCount = Math.min(40, Math.max(8, Math.ceil(shape.hostCount / ROW_COUNT)));
  const bodies = Array.from({ length: bodyCount }, (_, index) => body(index, shape));
  for (let round = 0; round < ROUND_COUNT; round += 1) {
    const isFresh = shape.hostCount === 1e9;
    const bytes = bodies[round % bodyCount]!;
    const startMs = performance.now();
    const { batch } = parseLines(bytes, { precision: 'n', nowNs: 0n }, isFresh ? new SeriesMemory() : memory);
    const elapsedMs = performance.now() - startMs;
    if (batch.rowCount !== ROW_COUNT) throw new Error(`${batch.rowCount} rows`);
    if (round < ROUND_COUNT / 2) continue;
    spentMs += elapsedMs;
    bestRowsPerSecond = Math.max(bestRowsPerSecond, (ROW_COUNT / elapsedMs) * 1_000);
  }
  const rowsPerSecond = (((ROUND_COUNT / 2) * ROW_COUNT) / spentMs) * 1_000;
  console.log(
    `${name}: ${Math.round(rowsPerSecond / 1_000)} k rows/s (best ${Math.round(bestRowsPerSecond / 1_000)} k)`,
  );
}

function body(
  index: number,
  { hostCount, isShuffled, value }: { hostCount: number; isShuffled?: boolean; value: (seed: number) => string },
): Uint8Array {
  const lines = Array.from({ length: ROW_COUNT }, (_, row) => {
    const number = index * ROW_COUNT + row;
    const host = (isShuffled ? Math.imul(number, 0x9e3779b1) >>> 0 : number) % hostCount;
    const tags = `hostname=host_${host},region=eu-west-1,datacenter=eu-west-1a,rack=${host % 97},os=Ubuntu16.10,arch=x64,team=NYC,service=${host % 19},service_version=1,service_environment=production`;
    const fields = FIELDS.map((field, place) => `${field}=${value(number * 31 + place * 7)}`);
    return `cpu,${tags} ${fields.join(',')} ${1_451_606_400_000_000_000n + BigInt(Math.floor(number / hostCount)) * 10_000_000_000n}\n`;
  });
  return Buffer.from(lines.join(''));
}
