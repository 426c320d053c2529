import { DbError, type ErrorCode, type InstantMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { decodeCommandResult, encodeCommand, type CatalogCommand, type CommandResult } from '@varve/model';
import type { Bus, Clock, TraceParent } from '@varve/ports';
import type { Header, Subjects } from '@varve/wire';
import { CatalogSession } from './catalog-session.ts';
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
/** An expired session is replaced by one that was opened a moment ago: twice in a row is somebody's mistake. */
const SESSION_COUNT_MAX = 3;

/** After these the same request may be sent again: it was not applied, or its session keeps it from being applied twice. */
const RETRIED: readonly ErrorCode[] = ['META_NOT_LEADER', 'META_UNAVAILABLE', 'BUS_TIMEOUT', 'BUS_NO_RESPONDERS'];

/** A command, and the span that wants it. */
interface Asked {
  readonly command: CatalogCommand;
  readonly traceParent: TraceParent | undefined;
}

interface Attempted extends Proposed {
  /** Attempts that may have reached a meta node, the answered one among them. */
  readonly sentCount: number;
}

/** Changes the catalog, by asking the meta nodes. Any number of proposals may be under way; they share a session (C20). */
export class CatalogClient {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock };
  readonly #subjects: Subjects;
  readonly #proposer: string;
  #session: CatalogSession | undefined;
  #opening: Promise<CatalogSession> | undefined;

  constructor(
    ports: { readonly bus: Bus; readonly clock: Clock },
    config: { readonly subjects: Subjects; readonly proposer: string },
  ) {
    this.#ports = ports;
    this.#subjects = config.subjects;
    this.#proposer = config.proposer;
  }

  /**
   * Resolves when the command is committed and applied, once, however many attempts it took (M4). A rejection is a result.
   * Each attempt that reaches a leader is a span under `traceParent`.
   * @throws DbError META_UNAVAILABLE when no leader answered in time: it may be applied, or not, or still become so
   * @throws DbError MESSAGE_INVALID, CLOCK_SKEWED, REQUEST_TOO_LARGE, BUS_CLOSED: it was not applied
   */
  async propose(command: CatalogCommand, traceParent?: TraceParent): Promise<Proposed> {
    const deadlineMs = (this.#ports.clock.monotonicMs() + PROPOSAL_TIMEOUT_MS) as InstantMs;
    for (let sessionCount = 1; ; sessionCount += 1) {
      const session = this.#session ?? (await this.#openOnce());
      const { result, version, sentCount } = await this.#proposeIn(session, { command, traceParent }, deadlineMs);
      if (!isLost(result)) return { result, version };
      if (this.#session === session) this.#session = undefined;
      // Only what was sent once and refused for its session is known not to have been run by an earlier attempt (C26).
      const isUnknown = result.reason !== 'sessionExpired' || sentCount > 1;
      if (isUnknown || sessionCount === SESSION_COUNT_MAX) throw unavailable(command, new DbError('META_UNAVAILABLE', result.message));
    }
  }

  async #proposeIn(session: CatalogSession, { command, traceParent }: Asked, deadlineMs: InstantMs): Promise<Attempted> {
    const seq = await this.#numberIn(session, command, deadlineMs);
    try {
      return await this.#attempt(command, () => ({ ...session.headerOf(seq), proposer: this.#proposer, traceParent }), deadlineMs);
    } finally {
      // Answered or given up: it is not sent again, and the meta group may forget what it answered.
      session.settle(seq);
    }
  }

  /** More commands than a session remembers wait for the earlier ones. */
  async #numberIn(session: CatalogSession, command: CatalogCommand, deadlineMs: InstantMs): Promise<number> {
    for (;;) {
      const seq = session.nextSeq();
      if (seq !== undefined) return seq;
      if (this.#ports.clock.monotonicMs() >= deadlineMs)
        throw new DbError('META_UNAVAILABLE', `${command.kind} was not sent: too many catalog commands are under way; retry`);
      await session.whenSettled();
    }
  }

  /** Those who come while a session is being opened wait for the same one. */
  #openOnce(): Promise<CatalogSession> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** One that was opened by an attempt whose answer was lost expires unused. */
  async #open(): Promise<CatalogSession> {
    const command = { kind: 'openSession', proposer: this.#proposer } as const;
    const header = { session: 0, seq: 0, ackedSeq: 0, proposer: this.#proposer, traceParent: undefined };
    const deadlineMs = (this.#ports.clock.monotonicMs() + PROPOSAL_TIMEOUT_MS) as InstantMs;
    const { result } = await this.#attempt(command, () => header, deadlineMs);
    if (result.kind === 'rejected' || result.id === undefined)
      throw new DbError('META_UNAVAILABLE', 'the meta nodes have opened no session; retry');
    this.#session = new CatalogSession(result.id, LIMITS.sessionAnswerCountMax);
    return this.#session;
  }

  /** Sends the same command until it is answered or too late. */
  async #attempt(command: CatalogCommand, headerOf: () => Header<'metaPropose'>, deadlineMs: InstantMs): Promise<Attempted> {
    const { clock } = this.#ports;
    const payload = encodeCommand(command);
    const retries = new RetryBudget(RETRY_BOUNDS);
    let sentCount = 0;
    for (;;) {
      const answer = await this.#ask(headerOf(), payload, deadlineMs);
      if (!(answer instanceof DbError)) return { ...answer, sentCount: sentCount + 1 };
      if (answer.code !== 'BUS_NO_RESPONDERS') sentCount += 1;
      const pauseMs = retries.nextPauseMs();
      if (pauseMs === undefined || clock.monotonicMs() + pauseMs >= deadlineMs) throw unavailable(command, answer);
      await pause(clock, pauseMs);
    }
  }

  /** One attempt: an answer, or why the same may be sent again. @throws DbError what may not */
  async #ask(header: Header<'metaPropose'>, payload: Uint8Array, deadlineMs: InstantMs): Promise<Proposed | DbError> {
    const leftMs = deadlineMs - this.#ports.clock.monotonicMs();
    const to = {
      subject: this.#subjects.metaPropose,
      timeoutMs: Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, leftMs)),
      answerKind: 'metaProposed',
    } as const;
    try {
      const answer = await request(this.#ports.bus, to, { kind: 'metaPropose', header, payload });
      const result = decodeCommandResult(answer.payload);
      // This number was not run, and may come again (C25).
      if (result.kind === 'rejected' && result.reason === 'sessionFull') return new DbError('META_UNAVAILABLE', result.message);
      return { result, version: answer.header.version };
    } catch (error) {
      if (!(error instanceof DbError) || !RETRIED.includes(error.code)) throw error;
      return error;
    }
  }
}

type Rejection = Extract<CommandResult, { readonly kind: 'rejected' }>;

/** Not the command was rejected, but its session. */
function isLost(result: CommandResult): result is Rejection {
  return result.kind === 'rejected' && (result.reason === 'sessionExpired' || result.reason === 'alreadyAnswered');
}

/** Whether it is, or will be, applied is unknown: nobody may take it for refused. */
function unavailable({ kind }: CatalogCommand, cause: DbError): DbError {
  return new DbError(
    'META_UNAVAILABLE',
    `no meta node has confirmed ${kind} within ${PROPOSAL_TIMEOUT_MS} ms; retry`,
    { kind, code: cause.code, outcome: 'unknown' },
    { cause },
  );
}
