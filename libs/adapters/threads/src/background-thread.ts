/** The thread behind a `Background`: serves the functions that the module of its `workerData` exports. */
import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { workerData } from 'node:worker_threads';
import { serveCalls } from './serve-calls.ts';

/** Whatever else the process has to do goes first, where cores are few. */
const NICER_BY = 4;

// Linux has a niceness per thread; elsewhere it is one of the process, and stays.
if (process.platform === 'linux') {
  const thread = Number(basename(readlinkSync('/proc/thread-self')));
  setPriority(thread, Math.min(getPriority(thread) + NICER_BY, constants.priority.PRIORITY_LOW));
}

const { module } = workerData as { readonly module: string };
const tasks: Readonly<Record<string, unknown>> = await import(module);
serveCalls(() => ({ ...tasks, afterReply: () => undefined, close: () => undefined }));
