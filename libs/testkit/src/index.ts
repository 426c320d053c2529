export { FaultyDisk, faultyDiskTest, POWER_CUT_EXIT_CODE } from './faulty-disk/faulty-disk.ts';
export { PROPERTY_DEFAULTS } from './property-defaults.ts';
export { runScript } from './run-script.ts';
export { seeds } from './seeds.ts';
export { testThatNeeds } from './test-that-needs.ts';
export type { ScriptCommand, ScriptRun } from './run-script.ts';
export type { DiskCall, DiskCounts, DiskFault, DiskRule } from './faulty-disk/faulty-disk.ts';
