import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '@varve/base';
import type { Progress } from './progress.ts';

// Rows shaped like the cpu-only use case of TSBS: every host reports every ten seconds, ten tags, ten integer fields that
// walk at random within 0..100. They are encoded once, before any clock starts, into a file that all systems are fed from:
// memory stays small, and a read from the page cache costs the client next to nothing.

/** Ten integer fields of measurement `cpu`. */
export const FIELDS = [
  'user',
  'system',
  'idle',
  'nice',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
].map((name) => `usage_${name}`);
export const BATCH_ROW_COUNT = 5_000;
export const START_MS = Date.UTC(2026, 0, 1);
export const STEP_MS = 10_000;

export interface Workload {
  readonly rowCount: number;
  readonly hostCount: number;
  readonly batchCount: number;
  readonly sizeBytes: number;
  /** End of the written times, exclusive. */
  readonly endMs: number;
  /** Line protocol of one batch; the buffer belongs to the caller. */
  batch(index: number): Buffer;
  close(): void;
}

/** Encodes `rowCount` rows of `hostCount` hosts; the same seed gives the same bytes. */
export function encodeWorkload(options: {
  readonly rowCount: number;
  readonly hostCount: number;
  readonly seed: number;
  readonly progress: Progress;
}): Workload {
  const { rowCount, hostCount, progress } = options;
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-rows-'));
  const file = openSync(join(directory, 'rows'), 'w+');
  const hosts = makeHosts(hostCount, new Prng(options.seed));
  const ends = [0];
  for (let row = 0; row < rowCount; row += BATCH_ROW_COUNT) {
    let lines = '';
    const batchEnd = Math.min(rowCount, row + BATCH_ROW_COUNT);
    for (let each = row; each < batchEnd; each += 1) {
      const timeMs = START_MS + Math.floor(each / hostCount) * STEP_MS;
      lines += `${hosts[each % hostCount]!.nextLine()} ${timeMs}000000\n`;
    }
    const bytes = Buffer.from(lines, 'latin1');
    writeSync(file, bytes);
    ends.push(ends.at(-1)! + bytes.length);
    progress.at(batchEnd);
  }
  return {
    ...{ rowCount, hostCount, batchCount: ends.length - 1, sizeBytes: ends.at(-1)! },
    endMs: START_MS + Math.ceil(rowCount / hostCount) * STEP_MS,
    batch(index) {
      const bytes = Buffer.allocUnsafe(ends[index + 1]! - ends[index]!);
      readSync(file, bytes, 0, bytes.length, ends[index]!);
      return bytes;
    },
    close() {
      closeSync(file);
      rmSync(directory, { recursive: true });
    },
  };
}

interface Host {
  /** Measurement, tags and the fields one step further. */
  nextLine(): string;
}

const REGIONS = [
  'us-east-1',
  'us-west-1',
  'us-west-2',
  'eu-west-1',
  'eu-central-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
  'sa-east-1',
];
const SYSTEMS = ['Ubuntu16.10', 'Ubuntu16.04LTS', 'Ubuntu15.10'];
const TEAMS = ['SF', 'NYC', 'LON', 'CHI'];

function makeHosts(count: number, random: Prng): Host[] {
  return Array.from({ length: count }, (_, index) => {
    const region = random.pick(REGIONS);
    const tags = {
      ...{
        hostname: `host_${index}`,
        region,
        datacenter: `${region}${random.pick(['a', 'b', 'c'])}`,
        rack: random.between(0, 99),
      },
      ...{
        os: random.pick(SYSTEMS),
        arch: random.pick(['x64', 'x86']),
        team: random.pick(TEAMS),
        service: random.between(0, 19),
      },
      ...{ service_version: random.between(0, 1), service_environment: random.pick(['production', 'staging', 'test']) },
    };
    const prefix = `cpu,${Object.entries(tags)
      .map(([key, value]) => `${key}=${value}`)
      .join(',')} `;
    const walk = FIELDS.map(() => random.fraction() * 100);
    return {
      nextLine() {
        let line = prefix;
        for (let field = 0; field < walk.length; field += 1) {
          walk[field] = Math.min(100, Math.max(0, walk[field]! + normal(random)));
          line += `${field === 0 ? '' : ','}${FIELDS[field]}=${Math.trunc(walk[field]!)}i`;
        }
        return line;
      },
    };
  });
}

/** Standard normal by Box and Muller. */
function normal(random: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
