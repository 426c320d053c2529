import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of Linux on the machines that this is built for. */
const PAGE_SIZE_BYTES = 4_096;

export interface Memory {
  readonly residentBytes: number;
  /** The highest each process has been at. */
  readonly peakBytes: number;
}

/** Of a process and all it has started, from /proc; undefined where there is none. */
export function memoryOfTree(rootPid: number): Memory | undefined {
  if (!existsSync('/proc/self/status')) return undefined;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStatus)
    .filter((status) => status !== undefined);
  const tree = new Set([rootPid]);
  for (const pid of tree) for (const each of processes) if (each.parentPid === pid) tree.add(each.pid);
  const members = processes.filter(({ pid }) => tree.has(pid));
  const sum = (key: 'residentBytes' | 'peakBytes'): number => members.reduce((total, each) => total + each[key], 0);
  return { residentBytes: sum('residentBytes'), peakBytes: sum('peakBytes') };
}

/** What one process has in memory just now: cheap enough to be looked at every few milliseconds. @throws Error there is no /proc, or no such process */
export function residentBytesOf(pid: number): number {
  const pageCount = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pageCount * PAGE_SIZE_BYTES;
}

/** Sum of the sizes of all files below a directory. */
export function sizeOfTree(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (total, { parentPath, name }) => total + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}

/** Undefined: the process ended while we looked. */
function readStatus(pid: string): (Memory & { readonly pid: number; readonly parentPid: number }) | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    const number = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return {
      pid: Number(pid),
      parentPid: number('PPid'),
      residentBytes: number('VmRSS') * 1_024,
      peakBytes: number('VmHWM') * 1_024,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH' || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return undefined;
    throw error;
  }
}

/** Time on any core that a process has had so far, without those it has started; undefined where there is no /proc. */
export function cpuMsOf(pid: number): number | undefined {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) ? cpuMsIn(stat) : undefined;
}

/** The same for each of its threads, by name; threads of one name together. Undefined where there is no /proc. */
export function cpuMsByThread(pid: number): ReadonlyMap<string, number> | undefined {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return undefined;
  const times = new Map<string, number>();
  for (const thread of readdirSync(tasks)) {
    const name = readFileSync(join(tasks, thread, 'comm'), 'utf8').trim();
    times.set(name, (times.get(name) ?? 0) + cpuMsIn(join(tasks, thread, 'stat')));
  }
  return times;
}

function cpuMsIn(stat: string): number {
  // Behind the name, which may hold anything, `utime` and `stime` are the 12th and 13th, in hundredths of a second.
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
