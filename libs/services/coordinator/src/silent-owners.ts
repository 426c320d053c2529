import type { DbError } from '@varve/base';
import type { LivenessView } from '@varve/kit';
import type { NodeId } from '@varve/model';

/**
 * Owners that have not answered in time while a statement ran: it does not wait for one again, however many shards it has (Q4). A process
 * that has ended is told at once; it is one that hangs that costs the whole time.
 */
export class SilentOwners {
  readonly #liveness: Pick<LivenessView, 'isAlive'>;
  readonly #reasons = new Map<NodeId, DbError>();

  constructor(liveness: Pick<LivenessView, 'isAlive'>) {
    this.#liveness = liveness;
  }

  /** Why a question to an owner failed; of silence alone it is remembered. Who is heard of otherwise is not silent: a message was lost. */
  add(owner: NodeId, reason: DbError): void {
    if (reason.code === 'BUS_TIMEOUT' && !this.#liveness.isAlive(owner) && !this.#reasons.has(owner)) this.#reasons.set(owner, reason);
  }

  /** How an owner was silent; undefined: it was not. */
  reasonOf(owner: NodeId): DbError | undefined {
    return this.#reasons.get(owner);
  }
}
