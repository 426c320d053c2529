import { LIMITS } from '@varve/config';
import type { Catalog, CatalogCommand, CommandResult, IncarnationId } from '@varve/model';
import type { Clock, Log } from '@varve/ports';

/**
 * Closes incarnations whose coordinators have let them run out (X15). Followers do not hear of renewals, so a ceiling that
 * looks old is asked about: the command names it, closes nothing if it was raised, and answers with the present one.
 */
export class IncarnationCloser {
  readonly #ports: { readonly clock: Clock; readonly log: Log; readonly propose: (command: CatalogCommand) => Promise<CommandResult> };
  /** Newer than the catalog has them. */
  readonly #ceilings = new Map<IncarnationId, number>();

  constructor(ports: { readonly clock: Clock; readonly log: Log; readonly propose: (command: CatalogCommand) => Promise<CommandResult> }) {
    this.#ports = ports;
  }

  async round(catalog: Catalog): Promise<void> {
    const open = [...catalog.incarnations.values()].filter(({ isOpen }) => isOpen);
    for (const known of this.#ceilings.keys()) if (!open.some(({ id }) => id === known)) this.#ceilings.delete(known);
    for (const { id, holder, ceilingMs: shownMs } of open) {
      const ceilingMs = this.#ceilings.get(id) ?? shownMs;
      if (this.#ports.clock.wallMs() < ceilingMs + LIMITS.leaseGraceMs + LIMITS.leaseAheadMsMax) continue;
      const result = await this.#ports.propose({ kind: 'closeIncarnation', incarnation: id, ceilingMs });
      if (result.kind === 'applied' && result.ceilingMs !== undefined) this.#ceilings.set(id, result.ceilingMs);
      else this.#ports.log.info('Closed an incarnation whose lease had run out', { incarnation: id, holder, ceilingMs });
    }
  }
}
