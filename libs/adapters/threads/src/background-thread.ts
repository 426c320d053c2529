/** The thread behind a `Background`: serves the functions that the module of its `workerData` exports. */
import { workerData } from 'node:worker_threads';
import { beNicer } from './be-nicer.ts';
import { collectWhenIdle } from './collect-when-idle.ts';
import { serveCalls } from './serve-calls.ts';

const NICER_BY = 10;

const { module, isNicer } = workerData as { readonly module: string; readonly isNicer: boolean };
if (isNicer) beNicer(NICER_BY);
const tasks: Readonly<Record<string, unknown>> = await import(module);
serveCalls(() => ({ ...tasks, afterReply: collectWhenIdle(), close: () => undefined }));
