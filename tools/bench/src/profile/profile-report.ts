import { table } from '../table.ts';
import type { SelfTime } from './cpu-profile.ts';
import type { IngestProfile } from './profile-ingest.ts';

const FUNCTION_COUNT = 25;

/** Of the main thread milliseconds by group, then the functions that took most, both without what they called; of all threads the processor time. */
export function profileReportOf({ rowCount, elapsedMs, main, cpuMsByThread }: IngestProfile): string {
  const head = `${rowCount.toLocaleString('en')} rows in ${(elapsedMs / 1_000).toFixed(2)} s under the profiler, which slows it down\n`;
  return `${head}\nmain thread, ms from its start to its end\n${threadReportOf(main)}\n${cpuReportOf(cpuMsByThread)}`;
}

function cpuReportOf(times: IngestProfile['cpuMsByThread']): string {
  const used = [...(times ?? [])].filter(([, ms]) => ms > 0).sort(([, left], [, right]) => right - left);
  return table([['processor time by thread', 'ms'], ...used.map(([name, ms]) => [`  ${name}`, ms.toFixed(0)])]);
}

function threadReportOf(times: readonly SelfTime[]): string {
  const busy = times.filter(({ group }) => group !== 'idle');
  const busyMs = sumOf(busy);
  const groups = [...Map.groupBy(busy, ({ group }) => group)]
    .map(([group, own]) => ({ group, ms: sumOf(own) }))
    .sort((left, right) => right.ms - left.ms);
  const line = (name: string, ms: number, ...rest: string[]): string[] => [
    name,
    ms.toFixed(0),
    `${((ms / busyMs) * 100).toFixed(1)} %`,
    ...rest,
  ];
  const byGroup = table([
    ['  group', 'ms', 'of busy'],
    ...groups.map(({ group, ms }) => line(`  ${group}`, ms)),
    line('  busy', busyMs),
  ]);
  const functions = busy
    .slice(0, FUNCTION_COUNT)
    .map(({ functionName, module, group, ms }) => line(`  ${functionName}  ${module}`, ms, group));
  return `${byGroup}\n${table([['  function', 'ms', 'of busy', 'group'], ...functions])}`;
}

function sumOf(times: readonly SelfTime[]): number {
  return times.reduce((sum, { ms }) => sum + ms, 0);
}
