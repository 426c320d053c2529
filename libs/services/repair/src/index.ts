export { createRepair } from './create-repair.ts';
export type { RepairConfig, RepairPorts } from './ports.ts';
