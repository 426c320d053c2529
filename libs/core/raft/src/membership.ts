import { assert, ByteReader, ByteWriter, DbError } from '@varve/base';

/**
 * Who votes and who only copies. A peer goes by the newest one in its log, committed or not, and falls back to the one
 * before when another leader cuts it off (thesis 4.1). Voters change jointly (4.3):
 *
 *   {voters: A}  ──▶  {voters: B, outgoing: A}  ──▶  {voters: B}     in between a quorum is one of A and one of B
 *
 * Ids are never given twice: a peer that lost its disk comes back under another one.
 */
export interface Membership {
  /** Ascending. */
  readonly voters: readonly number[];
  /** Voters of the membership that is being left, while a change is joint; else none. Ascending. */
  readonly outgoing: readonly number[];
  /** Who copies the log and has no vote; of a joint one they may be among `outgoing` still. Ascending. */
  readonly learners: readonly number[];
  /** No id at or below it is given to a new peer. */
  readonly greatestId: number;
}

/** What a change is to come to. */
export interface MembershipTarget {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
}

/** Of a peer that nobody has told anything yet. */
export const EMPTY_MEMBERSHIP: Membership = { voters: [], outgoing: [], learners: [], greatestId: 0 };

/** More voters make commits slower and survive hardly more. */
const VOTER_COUNT_MAX = 9;
const LEARNER_COUNT_MAX = 16;

/** The first membership of a group. */
export function foundingMembership(voters: readonly number[]): Membership {
  const founded = nextMembership(EMPTY_MEMBERSHIP, { voters, learners: [] });
  assert(typeof founded !== 'string', `no group of ${voters.join()}`);
  return founded;
}

/** Whether a change of voters is under way. */
export function isJoint({ outgoing }: Membership): boolean {
  return outgoing.length > 0;
}

/** Whether the peer's vote counts. */
export function isVoter({ voters, outgoing }: Membership, id: number): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

/** Whether the peer gets the log. */
export function isMember(membership: Membership, id: number): boolean {
  return isVoter(membership, id) || membership.learners.includes(id);
}

/** Everybody whose vote counts, ascending. */
export function votersOf({ voters, outgoing }: Membership): readonly number[] {
  return ascending([...voters, ...outgoing]);
}

/** Everybody who gets the log, ascending. */
export function membersOf(membership: Membership): readonly number[] {
  return ascending([...votersOf(membership), ...membership.learners]);
}

/**
 * The membership on the way to the target: the target itself when the voters stay, else the joint one.
 * @returns why there is none, for people
 */
export function nextMembership(current: Membership, target: MembershipTarget): Membership | string {
  assert(!isJoint(current), 'a membership is changed while a change is under way');
  const problem = problemOf(current, target);
  if (problem !== undefined) return problem;
  const voters = ascending(target.voters);
  const learners = ascending(target.learners);
  const greatestId = Math.max(current.greatestId, ...voters, ...learners);
  const outgoing = voters.join() === current.voters.join() ? [] : current.voters;
  return { voters, outgoing, learners, greatestId };
}

/** The membership that a joint one leads to. */
export function withoutOutgoing(joint: Membership): Membership {
  return { ...joint, outgoing: [] };
}

/** As the payload of an entry. Bytes: voters, outgoing, learners, each as a count and ids, then the greatest id; varints. */
export function encodeMembership({ voters, outgoing, learners, greatestId }: Membership): Uint8Array {
  const writer = new ByteWriter();
  for (const ids of [voters, outgoing, learners]) {
    writer.varint(ids.length);
    for (const id of ids) writer.varint(id);
  }
  return writer.varint(greatestId).finish();
}

/** @throws DbError MESSAGE_INVALID */
export function decodeMembership(bytes: Uint8Array): Membership {
  const reader = new ByteReader(bytes);
  const membership = { voters: readIds(reader), outgoing: readIds(reader), learners: readIds(reader), greatestId: reader.varint() };
  if (reader.remaining > 0 || membership.voters.length === 0) throw invalid('is no list of members');
  if (membersOf(membership).at(-1)! > membership.greatestId) throw invalid('has a member above its greatest id');
  return membership;
}

function readIds(reader: ByteReader): readonly number[] {
  const count = reader.varint();
  if (count > VOTER_COUNT_MAX + LEARNER_COUNT_MAX) throw invalid(`names ${count} peers`);
  const ids: number[] = [];
  while (ids.length < count) {
    const id = reader.varint();
    if (id <= (ids.at(-1) ?? 0)) throw invalid('does not name its peers in order');
    ids.push(id);
  }
  return ids;
}

function problemOf(current: Membership, { voters, learners }: MembershipTarget): string | undefined {
  const all = [...voters, ...learners];
  const reused = all.find((id) => id <= current.greatestId && !isMember(current, id));
  if (voters.length === 0) return 'a group needs a voter';
  if (voters.length > VOTER_COUNT_MAX) return `a group has at most ${VOTER_COUNT_MAX} voters, not ${voters.length}`;
  if (learners.length > LEARNER_COUNT_MAX) return `a group has at most ${LEARNER_COUNT_MAX} learners, not ${learners.length}`;
  if (all.some((id) => !Number.isSafeInteger(id) || id < 1)) return 'peers are numbered from 1';
  if (new Set(all).size !== all.length) return 'a peer is named twice';
  if (reused !== undefined) return `ids are given once and in order: peer ${reused} was a member before, or was passed over; a new peer needs an id above ${current.greatestId}`;
  return undefined;
}

function ascending(ids: readonly number[]): readonly number[] {
  return [...new Set(ids)].sort((left, right) => left - right);
}

function invalid(what: string): DbError {
  return new DbError('MESSAGE_INVALID', `a membership ${what}`);
}
