export { applyCatalogCommand } from './apply-command.ts';
export { CatalogView } from './catalog-view.ts';
export { isOpenIncarnation } from './incarnations.ts';
export type { CommandContext } from './apply-command.ts';
export type { Outcome } from './outcome.ts';
