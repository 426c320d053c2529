import { DbError, type DurationMs } from '@varve/base';
import { pause, request, type CatalogClient, type CatalogFollower } from '@varve/kit';
import { compareVersions, type Catalog, type IncarnationId, type Version } from '@varve/model';
import type { Bus, Clock, Log } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import type { IncarnationLease } from './incarnation.ts';

export interface ClockMeetingPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly lease: IncarnationLease;
}

export interface ClockMeetingConfig {
  readonly subjects: Subjects;
  /** This coordinator, as the holder of incarnations. */
  readonly holder: string;
  /** Until a holder that does not answer is asked once more, and until it is fenced. */
  readonly timeoutMs: DurationMs;
}

/** One answer may be lost on its way, and who has just opened an incarnation does not listen for a moment. */
const ASK_COUNT = 2;
const ASK_PAUSE_MS = 200;

/**
 * Brings the clocks of all coordinators together: what was stamped by any of them before a meeting is below what this one stamps behind it, and
 * what this one stamped before it is below what any of them stamps behind it. DL2 of docs/specs/delete.md.
 *
 *   this one  ──5─────┐ meeting ┌──9 tombstone──┐ meeting ┌───────
 *   another   ──8─────┘         └──8──9─────────┘         └──10──▶   its writes behind the delete show
 */
export class ClockMeeting {
  readonly #ports: ClockMeetingPorts;
  readonly #config: ClockMeetingConfig;

  constructor(ports: ClockMeetingPorts, config: ClockMeetingConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  /**
   * Resolves with a catalog that is as new as the meeting; every coordinator knows what was acknowledged before it.
   * @throws DbError META_UNAVAILABLE, CLOCK_SKEWED, DELETE_INCOMPLETE, STOPPING
   */
  async meet(): Promise<Catalog> {
    const { follower, client, lease, log } = this.#ports;
    await lease.ensure();
    const { version, incarnations } = await follower.readLinearizable();
    const others = [...incarnations.values()].filter(({ isOpen, holder }) => isOpen && holder !== this.#config.holder);
    const mine = lease.reach();
    const answers = await Promise.all(others.map(async ({ id }) => ({ id, reached: await this.#ask(id, mine, version) })));
    const silent = answers.filter(({ reached }) => reached === undefined);
    for (const { id } of silent) {
      log.warn('A coordinator did not answer before a delete; its incarnation is closed, and it opens another if it lives', { incarnation: id });
      await client.propose({ kind: 'closeIncarnation', incarnation: id });
    }
    const catalog = await follower.readLinearizable();
    const heights = [...answers.flatMap(({ reached }) => reached ?? []), ...this.#closedCeilings(catalog)];
    await lease.raise(heights.reduce((greatest, each) => (compareVersions(greatest, each) < 0 ? each : greatest), mine));
    return catalog;
  }

  /** Of those that can say nothing any more: they have stamped below it. This coordinator's own are below its floor (V4). */
  #closedCeilings({ incarnations }: Catalog): readonly Version[] {
    return [...incarnations.values()]
      .filter(({ isOpen, holder }) => !isOpen && holder !== this.#config.holder)
      .map(({ ceilingMs }) => ({ wallMs: ceilingMs, counter: 0, incarnation: 0 }));
  }

  /** Where its clock is, at or above ours; undefined: it is silent, or its incarnation is closed. @throws DbError DELETE_INCOMPLETE */
  async #ask(incarnation: IncarnationId, { wallMs, counter }: Version, version: number): Promise<Version | undefined> {
    const { bus, clock, log } = this.#ports;
    const { subjects, timeoutMs } = this.#config;
    const to = { subject: subjects.pledge(incarnation), timeoutMs, answerKind: 'coordinatorPledgeIs' } as const;
    for (let attempt = 0; attempt < ASK_COUNT; attempt += 1) {
      if (attempt > 0) await pause(clock, ASK_PAUSE_MS);
      try {
        const { header } = await request(bus, to, { kind: 'coordinatorPledge', header: { shards: [], wallMs, counter, version } });
        const reached = { wallMs: header.wallMs, counter: header.counter, incarnation: 0 };
        if (compareVersions(reached, { wallMs, counter, incarnation: 0 }) >= 0) return reached;
        throw new DbError('DELETE_INCOMPLETE', `the coordinator of incarnation ${incarnation} runs an older version, which cannot be told of a delete; retry when it is updated`);
      } catch (error) {
        if (!(error instanceof DbError) || error.code === 'DELETE_INCOMPLETE') throw error;
        log.debug('The holder of an incarnation does not say where its clock is', { incarnation, attempt, code: error.code, reason: error.message });
      }
    }
    return undefined;
  }
}
