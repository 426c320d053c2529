export { applyCatalogCommand, RECENT_REQUEST_COUNT_MAX } from './apply-command.ts';
export { CatalogView } from './catalog-view.ts';
export { CLOSED_INCARNATION_COUNT_MAX } from './incarnations.ts';
export { NEW_SHARD_GROUP_COUNT_MAX } from './shard-groups.ts';
export type { CommandContext } from './apply-command.ts';
export type { Outcome } from './outcome.ts';
