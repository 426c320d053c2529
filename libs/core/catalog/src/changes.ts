import { withoutSessions, type Catalog, type CatalogChange, type CatalogCommand } from '@varve/model';
import { applyCatalogCommand } from './apply-command.ts';

/** Any origin does that was never seen: who has no sessions refuses and repeats nothing. */
const NEVER_SEEN = { requestId: '' };

/** What a command that was applied has changed of the catalog as followers hold it; undefined when that is nothing. */
export function changeOf(
  before: Catalog,
  after: Catalog,
  { index, command }: { readonly index: number; readonly command: CatalogCommand },
): CatalogChange | undefined {
  const { clockMs } = after;
  const timed = { ...before, clockMs, sessions: after.sessions, earlierRequests: after.earlierRequests };
  const keys = Object.keys(timed) as (keyof Catalog)[];
  if (keys.some((key) => timed[key] !== after[key])) return { index, clockMs, command };
  return clockMs === before.clockMs ? undefined : { index, clockMs };
}

/** The catalog of a follower after one more change: what `applyCatalogCommand` makes of it at the meta nodes, without sessions. */
export function applyChange(catalog: Catalog, { index, clockMs, command }: CatalogChange): Catalog {
  if (command === undefined) return { ...catalog, clockMs };
  return withoutSessions(applyCatalogCommand(catalog, command, { index, atMs: clockMs, origin: NEVER_SEEN }).catalog);
}
