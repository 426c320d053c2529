import { Prng } from '@varve/base';
import { encodeBatches, type BatchFile } from './batch-file.ts';
import type { Progress } from './progress.ts';

// Rows shaped like the cpu-only use case of TSBS: every host reports every ten seconds, ten tags, ten fields that walk at
// random within 0..100.

/** Ten fields of measurement `cpu`. */
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
export const START_MS = Date.UTC(2026, 0, 1);
export const STEP_MS = 10_000;

export interface Workload extends BatchFile {
  readonly hostCount: number;
  /** End of the written times, exclusive. */
  readonly endMs: number;
}

/** How a field is written. */
export type FormatValue = (value: number) => string;

/** As TSBS does. */
export const AS_INTEGER: FormatValue = (value) => `${Math.trunc(value)}i`;

/** Encodes `rowCount` rows of `hostCount` hosts; the same seed gives the same bytes. */
export function encodeWorkload(options: {
  readonly rowCount: number;
  readonly hostCount: number;
  readonly seed: number;
  readonly progress: Progress;
  readonly formatValue?: FormatValue;
}): Workload {
  const { rowCount, hostCount, progress, formatValue = AS_INTEGER } = options;
  const hosts = makeHosts(hostCount, new Prng(options.seed), formatValue);
  const lineOf = (row: number): string => `${hosts[row % hostCount]!.nextLine()} ${timeMsOf(row, hostCount)}000000`;
  const endMs = timeMsOf(rowCount - 1, hostCount) + STEP_MS;
  return { ...encodeBatches({ rowCount, lineOf, progress }), hostCount, endMs };
}

function timeMsOf(row: number, hostCount: number): number {
  return START_MS + Math.floor(row / hostCount) * STEP_MS;
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

function makeHosts(count: number, random: Prng, formatValue: FormatValue): Host[] {
  return Array.from({ length: count }, (_, index) => {
    const prefix = `cpu,${hostTags(index, random)} `;
    const walk = FIELDS.map(() => random.fraction() * 100);
    return {
      nextLine() {
        let line = prefix;
        for (let field = 0; field < walk.length; field += 1) {
          walk[field] = Math.min(100, Math.max(0, walk[field]! + normal(random)));
          line += `${field === 0 ? '' : ','}${FIELDS[field]}=${formatValue(walk[field]!)}`;
        }
        return line;
      },
    };
  });
}

/** Ten tags of one host, as they stand in a line. */
export function hostTags(index: number, random: Prng): string {
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
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Standard normal by Box and Muller. */
export function normal(random: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
