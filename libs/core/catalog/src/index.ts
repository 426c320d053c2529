export { applyCatalogCommand } from './apply-command.ts';
export { CatalogView } from './catalog-view.ts';
export { isOpenIncarnation } from './incarnations.ts';
export type { Applied, CommandContext } from './apply-command.ts';
export type { SessionSeq } from './sessions.ts';
