import { DbError, type DurationMs } from '@varve/base';
import { CatalogClient, pause } from '@varve/kit';
import { FEATURE_LEVEL, type Catalog } from '@varve/model';
import type { Bus, Clock, Log } from '@varve/ports';
import type { Subjects } from '@varve/wire';

/** After an attempt that no leader has answered. */
const RETRY_INTERVAL_MS: DurationMs = 1_000;

/**
 * Says in the catalog which feature level this meta node supports, and raises the cluster's level when every member supports it
 * (C31). The last member to be upgraded raises it: a rejection means that others are not there yet.
 */
export class FeatureReport {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log };
  readonly #client: CatalogClient;
  readonly #member: string;
  #isStopped = false;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log }, { subjects, peerId }: { readonly subjects: Subjects; readonly peerId: number }) {
    this.#ports = ports;
    this.#member = memberOf(peerId);
    this.#client = new CatalogClient(ports, { subjects, proposer: this.#member });
  }

  /** In the background, for as long as it takes. */
  async report(catalogOf: () => Catalog): Promise<void> {
    while (!this.#isStopped && !this.#isKnown(catalogOf())) {
      try {
        await this.#client.propose({ kind: 'reportFeatureLevel', member: this.#member, level: FEATURE_LEVEL });
        const { result } = await this.#client.propose({ kind: 'raiseFeatureLevel', level: FEATURE_LEVEL });
        this.#ports.log.info('Feature level reported', { level: FEATURE_LEVEL, isRaised: result.kind === 'applied' });
        return;
      } catch (error) {
        if (!(error instanceof DbError)) throw error;
        this.#ports.log.debug('Feature level not reported; trying again', { code: error.code, reason: error.message });
        await pause(this.#ports.clock, RETRY_INTERVAL_MS);
      }
    }
  }

  /** A peer that was removed counts no more. @throws DbError META_UNAVAILABLE */
  async forget(peerId: number): Promise<void> {
    await this.#client.propose({ kind: 'reportFeatureLevel', member: memberOf(peerId), level: 0 });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #isKnown({ featureLevel, featureReports }: Catalog): boolean {
    return featureReports.get(this.#member) === FEATURE_LEVEL && featureLevel === FEATURE_LEVEL;
  }
}

function memberOf(peerId: number): string {
  return `meta/${peerId}`;
}
