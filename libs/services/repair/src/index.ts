export { createRepair } from './create-repair.ts';
export type { RepairConfig, RepairPorts } from './create-repair.ts';
