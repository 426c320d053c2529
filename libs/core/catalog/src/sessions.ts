import { assert } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Catalog, CommandResult, Session, SessionAnswer, SessionId } from '@varve/model';
import { applied, rejected, type Command, type Outcome } from './outcome.ts';

/** Which command of which session this is. */
export interface SessionSeq {
  readonly session: SessionId;
  /** From 1; commands that are under way together may come in any order. */
  readonly seq: number;
  /** The proposer has the answers of all numbers up to this one. */
  readonly ackedSeq: number;
}

/** What is to be done with a command: run it, or answer this. */
export type Admission =
  | { readonly kind: 'run' }
  | { readonly kind: 'repeated'; readonly result: CommandResult }
  | { readonly kind: 'refused'; readonly outcome: Outcome };

/** C20–C25: a command of a session is run once, or never. */
export function admit(catalog: Catalog, { session: id, seq, ackedSeq }: SessionSeq): Admission {
  const session = sessionOf(catalog, id);
  if (session === undefined || isExpired(catalog, session))
    return { kind: 'refused', outcome: rejected(catalog, 'sessionExpired', `session ${id} has expired`) };
  const known = session.answers.find((answer) => answer.seq === seq);
  if (known !== undefined) return { kind: 'repeated', result: known.result };
  if (seq <= session.ackedSeq) {
    const text = `command ${seq} of session ${id} was answered before`;
    return { kind: 'refused', outcome: rejected(catalog, 'alreadyAnswered', text) };
  }
  if (unackedOf(session, { seq, ackedSeq }).answers.length >= LIMITS.sessionAnswerCountMax) {
    const text = `session ${id} has ${LIMITS.sessionAnswerCountMax} answers that were not confirmed`;
    return { kind: 'refused', outcome: rejected(catalog, 'sessionFull', text) };
  }
  return { kind: 'run' };
}

/** The catalog that remembers what a command was answered. */
export function remembering(catalog: Catalog, position: SessionSeq, result: CommandResult): Catalog {
  const index = indexOfSession(catalog.sessions, position.session);
  const session = catalog.sessions[index];
  assert(session !== undefined, `session ${position.session} is not there any more`);
  const kept = unackedOf(session, position);
  const answers = withAnswer(kept.answers, { seq: position.seq, result });
  const used = { ...session, ...kept, answers, lastUsedMs: catalog.clockMs };
  return { ...catalog, sessions: catalog.sessions.with(index, used) };
}

/** The id is the entry's index: it is new for ever. Makes room when there is none (C22). */
export function openSession(catalog: Catalog, { proposer }: Command<'openSession'>, id: SessionId): Outcome {
  const session: Session = { id, proposer, lastUsedMs: catalog.clockMs, ackedSeq: 0, answers: [] };
  const live = catalog.sessions.filter((each) => !isExpired(catalog, each));
  const kept = live.length < LIMITS.sessionCountMax ? live : withoutLongestUnused(live);
  return applied({ ...catalog, sessions: [...kept, session], earlierRequests: new Map() }, { id });
}

function sessionOf({ sessions }: Catalog, id: SessionId): Session | undefined {
  return sessions[indexOfSession(sessions, id)];
}

/** Ids ascend. */
function indexOfSession(sessions: readonly Session[], id: SessionId): number {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sessions[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return sessions[low]?.id === id ? low : -1;
}

function isExpired({ clockMs }: Catalog, { lastUsedMs }: Session): boolean {
  return clockMs - lastUsedMs > LIMITS.sessionExpiryMs;
}

/** The one that opened first goes among those that were used at the same time. */
function withoutLongestUnused(sessions: readonly Session[]): readonly Session[] {
  const oldest = sessions.reduce((least, each) => (each.lastUsedMs < least.lastUsedMs ? each : least));
  return sessions.filter((each) => each !== oldest);
}

/** What is left to remember when the proposer has what it says it has; it cannot have the answer it is asking for. */
function unackedOf(session: Session, { seq, ackedSeq: said }: Pick<SessionSeq, 'seq' | 'ackedSeq'>): Pick<Session, 'ackedSeq' | 'answers'> {
  const ackedSeq = Math.max(session.ackedSeq, Math.min(said, seq - 1));
  const isAllUnacked = ackedSeq === session.ackedSeq;
  return { ackedSeq, answers: isAllUnacked ? session.answers : session.answers.filter((answer) => answer.seq > ackedSeq) };
}

function withAnswer(answers: readonly SessionAnswer[], added: SessionAnswer): readonly SessionAnswer[] {
  const index = answers.findLastIndex(({ seq }) => seq < added.seq) + 1;
  return answers.toSpliced(index, 0, added);
}
