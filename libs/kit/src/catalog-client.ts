import { DbError, type ErrorCode } from '@varve/base';
import { decodeCommandResult, encodeCommand, type CatalogCommand, type CommandResult } from '@varve/model';
import type { Bus, Clock, Random } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import { pause } from './pause.ts';
import { request } from './request.ts';
import { RetryBudget } from './retry-budget.ts';

/** What a catalog command came to. Followers know of it once they have `version`. */
export interface Proposed {
  readonly result: CommandResult;
  readonly version: number;
}

/** The whole of one proposal, its retries included. */
const PROPOSAL_TIMEOUT_MS = 10_000;
/** One attempt: then another meta node, or the same one again, is asked. */
const ATTEMPT_TIMEOUT_MS = 2_000;
const RETRY_BOUNDS = { attemptCountMax: 30, firstPauseMs: 10, pauseMsMax: 1_000 };

/** After these the same request may be sent again: it was not applied, or its request id keeps it from being applied twice. */
const RETRIED: readonly ErrorCode[] = ['META_NOT_LEADER', 'META_UNAVAILABLE', 'BUS_TIMEOUT', 'BUS_NO_RESPONDERS'];

/** Changes the catalog, by asking the meta nodes. */
export class CatalogClient {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock; readonly random: Random };
  readonly #subjects: Subjects;
  readonly #proposer: string;

  constructor(
    ports: { readonly bus: Bus; readonly clock: Clock; readonly random: Random },
    config: { readonly subjects: Subjects; readonly proposer: string },
  ) {
    this.#ports = ports;
    this.#subjects = config.subjects;
    this.#proposer = config.proposer;
  }

  /**
   * Resolves when the command is committed and applied, once, however many attempts it took (M4). A rejection is a result.
   * @throws DbError META_UNAVAILABLE when no leader answered in time: it may be applied, or not, or still become so
   * @throws DbError MESSAGE_INVALID, CLOCK_SKEWED, REQUEST_TOO_LARGE, BUS_CLOSED: it was not applied
   */
  async propose(command: CatalogCommand): Promise<Proposed> {
    const { clock } = this.#ports;
    const sent = {
      kind: 'metaPropose',
      header: { requestId: this.#newRequestId(), proposer: this.#proposer },
      payload: encodeCommand(command),
    } as const;
    const deadlineMs = clock.monotonicMs() + PROPOSAL_TIMEOUT_MS;
    const retries = new RetryBudget(RETRY_BOUNDS);
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs();
      try {
        const to = {
          subject: this.#subjects.metaPropose,
          timeoutMs: Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, leftMs)),
          answerKind: 'metaProposed',
        } as const;
        const { header, payload } = await request(this.#ports.bus, to, sent);
        return { result: decodeCommandResult(payload), version: header.version };
      } catch (error) {
        if (!(error instanceof DbError) || !RETRIED.includes(error.code)) throw error;
        const pauseMs = retries.nextPauseMs();
        if (pauseMs === undefined || clock.monotonicMs() + pauseMs >= deadlineMs) throw unavailable(command, error);
        await pause(clock, pauseMs);
      }
    }
  }

  #newRequestId(): string {
    const { random } = this.#ports;
    const digits = [random.uint32(), random.uint32(), random.uint32()].map((each) =>
      each.toString(16).padStart(8, '0'),
    );
    return `${this.#proposer}/${digits.join('')}`;
  }
}

function unavailable({ kind }: CatalogCommand, cause: DbError): DbError {
  return new DbError(
    'META_UNAVAILABLE',
    `no meta node has confirmed ${kind} within ${PROPOSAL_TIMEOUT_MS} ms; retry`,
    { kind, code: cause.code },
    { cause },
  );
}
