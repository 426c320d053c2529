import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testThatNeeds } from '../test-that-needs.ts';

/** System calls, by what they do: `sync` is fsync and fdatasync, `write` all that write bytes, `open` also creates. */
export type DiskCall = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink';

/**
 * What becomes of a call. `EIO` and `ENOSPC`: it does nothing and fails so. `SHORT`: a write is cut in half, and its rest gets
 * ENOSPC. `KILL`: the process is killed before it. `CUT`: the power goes before it, and the process ends with
 * {@link POWER_CUT_EXIT_CODE}. `UNPLUG`: the same for the files of the rule's path only; the process lives on without them.
 */
export type DiskFault = 'EIO' | 'ENOSPC' | 'SHORT' | 'KILL' | 'CUT' | 'UNPLUG';

/** Which call is to meet a fault. */
export interface DiskRule {
  readonly fault: DiskFault;
  /** All six when absent. */
  readonly calls?: readonly DiskCall[];
  /** Absolute, with `*` for anything, also slashes; everything under the root when absent. */
  readonly path?: string;
  /** From 1, of the calls that match, counted from when the rule was set. */
  readonly nth: number;
  /** `onwards`: all matching calls from that one on. `each`: that one, and each nth after it. Once when absent. */
  readonly repeats?: 'onwards' | 'each';
  /** Of a power cut: which of the writes that were not synced are on the disk. Each third seed keeps none. */
  readonly seed?: number;
}

/** What the present rule has met. */
export interface DiskCounts {
  /** Calls that matched. */
  readonly metCount: number;
  /** Of these, the ones that got the fault. */
  readonly changedCount: number;
}

/** How a process ends whose power was cut. */
export const POWER_CUT_EXIT_CODE = 93;

const ALL_CALLS: readonly DiskCall[] = ['open', 'write', 'sync', 'truncate', 'rename', 'unlink'];
const REPEATS = { onwards: 1, each: 2 } as const;
const PAGE_SIZE_BYTES = 4096;
const ROOT = 'FAULTY_DISK_ROOT';
const CONTROL = 'FAULTY_DISK_CONTROL';

/**
 * The disk under a directory, as a process sees it that is started with `env`: it fails, or loses its power, when told to. The
 * rule may be set from the test, or from inside the process. disk-shim.c says what is simulated and what is not.
 */
export class FaultyDisk {
  readonly root: string;
  /** What a process needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly #control: number;
  #ruleCount = 0;

  /** Makes one for processes to be started, one at a time. `root` is absolute, and has no spaces. */
  static create(root: string): FaultyDisk {
    const directory = mkdtempSync(join(scratch(), 'disk-'));
    const control = join(directory, 'control');
    writeFileSync(control, new Uint8Array(2 * PAGE_SIZE_BYTES));
    return new FaultyDisk({ LD_PRELOAD: shim(), [ROOT]: root, [CONTROL]: control });
  }

  /** The one that this process was started with. */
  static ofThisProcess(): FaultyDisk {
    const { [ROOT]: root, [CONTROL]: control } = process.env;
    if (root === undefined || control === undefined) throw new Error('this process was started without a faulty disk');
    return new FaultyDisk({ [ROOT]: root, [CONTROL]: control });
  }

  private constructor(env: Readonly<Record<string, string>>) {
    this.root = env[ROOT]!;
    this.env = env;
    this.#control = openSync(env[CONTROL]!, 'r+');
  }

  /** Holds from the next call on, with new counts; without a rule nothing fails. */
  setRule(rule?: DiskRule): void {
    const { fault = 'NONE', calls = ALL_CALLS, path = '*', nth = 0, repeats, seed = 0 } = rule ?? {};
    this.#ruleCount += 1;
    const number = `${process.pid}${this.#ruleCount}`;
    const text = `${number} fault=${fault} calls=${calls.join(',')} path=${path} nth=${nth} lasting=${repeats === undefined ? 0 : REPEATS[repeats]} seed=${seed};`;
    writeSync(this.#control, Buffer.from(text.padEnd(PAGE_SIZE_BYTES, '\0')), 0, PAGE_SIZE_BYTES, 0);
  }

  /** Of the present rule, once a call under the root came after it. */
  counts(): DiskCounts {
    const bytes = new Uint32Array(2);
    readSync(this.#control, bytes, 0, bytes.byteLength, PAGE_SIZE_BYTES);
    return { metCount: bytes[0]!, changedCount: bytes[1]! };
  }

  /** What was called so far: `sync /path`, `rename /new/path`; `create /path` before an `open` of a new file; `fault /path` behind what the rule changed; `say` for output. */
  trace(): string[] {
    return readFileSync(`${this.env[CONTROL]!}.trace`, 'utf8').split('\n').slice(0, -1);
  }

  /** Lets go of what it needed itself. */
  close(): void {
    closeSync(this.#control);
  }
}

/** Registers tests that need a {@link FaultyDisk}: a C compiler, and a system that takes libraries before its own. */
export const faultyDiskTest = testThatNeeds('cc, on Linux,', process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0);

let compiled: string | undefined;
let scratchDirectory: string | undefined;

/** Compiled once by each process that needs it: that takes less time than to find out whether an older one will do. */
function shim(): string {
  if (compiled !== undefined) return compiled;
  const [source, library] = [join(import.meta.dirname, 'disk-shim.c'), join(scratch(), 'disk-shim.so')];
  const { status, stderr } = spawnSync('cc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`disk-shim.c does not compile:\n${stderr}`);
  compiled = library;
  return library;
}

/** Goes with this process. */
function scratch(): string {
  if (scratchDirectory !== undefined) return scratchDirectory;
  const directory = mkdtempSync(join(tmpdir(), 'varve-disk-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  scratchDirectory = directory;
  return directory;
}
