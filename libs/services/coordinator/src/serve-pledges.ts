import { DbError } from '@varve/base';
import { serve, type CatalogFollower } from '@varve/kit';
import type { IncarnationId } from '@varve/model';
import type { Bus, Log, Subscription } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import type { IncarnationLease } from './incarnation.ts';

/**
 * Answers for the incarnation that is open: what it will not stamp any more. Repair asks for watermarks (docs/specs/watermark.md), and other
 * coordinators before and after a delete (docs/specs/delete.md).
 */
export class PledgeServer {
  readonly #ports: { readonly bus: Bus; readonly log: Log; readonly follower: CatalogFollower };
  readonly #subjects: Subjects;
  #subscription: Subscription | undefined;

  constructor(ports: { readonly bus: Bus; readonly log: Log; readonly follower: CatalogFollower }, subjects: Subjects) {
    this.#ports = ports;
    this.#subjects = subjects;
  }

  /** A new incarnation was opened; the one before it is not asked any more. */
  follow(incarnation: IncarnationId, lease: IncarnationLease): void {
    this.stop();
    const at = { subject: this.#subjects.pledge(incarnation), askedKind: 'coordinatorPledge', answerKind: 'coordinatorPledgeIs' } as const;
    this.#subscription = serve(this.#ports, at, async ({ header: { shards, wallMs: wantedMs, counter: wantedCounter = 0, version: catalogVersion = 0 } }) => {
      await this.#ports.follower.waitFor(catalogVersion);
      if (wantedMs !== undefined) await lease.raise({ wallMs: wantedMs, counter: wantedCounter, incarnation: 0 });
      const pledge = lease.pledge(incarnation, shards);
      if (pledge === undefined) throw new DbError('INCARNATION_CLOSED', `incarnation ${incarnation} is closed`);
      const { version: { wallMs, counter }, leasedMs, numbers } = pledge;
      return { header: { wallMs, counter, leasedMs, numbers } };
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }
}
