export { applyCatalogCommand } from './apply-command.ts';
export { CatalogCopy } from './catalog-copy.ts';
export { changeOf } from './changes.ts';
export { catalogFingerprint } from './fingerprint.ts';
export { isOpenIncarnation } from './incarnations.ts';
export type { Applied, CommandContext } from './apply-command.ts';
export type { DeliveryOutcome } from './catalog-copy.ts';
export type { SessionSeq } from './sessions.ts';
