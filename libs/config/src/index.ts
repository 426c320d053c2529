export { LIMITS } from './limits.ts';
export { configPathOf, loadClusterConfig, loadConfig } from './load-config.ts';
export { DEFAULT_CONFIG } from './options.ts';
export type { ClusterConfig } from './cluster-options.ts';
export type { Address } from './option-kind.ts';
export type { ConfigSources, LoadedConfig } from './load-config.ts';
export type { VarveConfig } from './options.ts';
export type { ClusterProgram, Program } from './programs.ts';
