export { createCoordinator } from './create-coordinator.ts';
export type { Coordinator } from './create-coordinator.ts';
export type { CoordinatorConfig, CoordinatorPorts } from './ports.ts';
