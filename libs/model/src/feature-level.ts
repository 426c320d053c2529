import type { CatalogCommand } from './catalog-command.ts';

/** What a cluster begins with, and what a member that reports nothing supports. */
export const FIRST_FEATURE_LEVEL = 1;

/** The greatest level that this code supports: what its members report. */
export const FEATURE_LEVEL = 2;

/** Commands that not every member of a cluster of the first level would understand. docs/specs/catalog.md has the history. */
const COMMAND_LEVELS: { readonly [Kind in CatalogCommand['kind']]?: number } = {
  createContinuousQuery: 2,
  createSubscription: 2,
  dropShard: 2,
  dropMeasurement: 2,
  finishMeasurementDrop: 2,
};

/** The level that a cluster must have been raised to before this command is accepted. */
export function featureLevelOf({ kind }: CatalogCommand): number {
  return COMMAND_LEVELS[kind] ?? FIRST_FEATURE_LEVEL;
}
