import { decodeMembership, encodeMembership, EMPTY_MEMBERSHIP, foundingMembership, type Membership } from './membership.ts';
import { ENTRY_KINDS, type Entry } from './entry.ts';
import type { StoredState } from './ready.ts';

/**
 * The disk of the one peer that founds a group: its log begins with the group's membership, committed in term 1. The others
 * begin blank, and get it with the log. Founded once only: a second founder would be another group.
 */
export function foundingState(voters: readonly number[]): StoredState {
  const first = { index: 1, term: 1, kind: ENTRY_KINDS.membership, payload: encodeMembership(foundingMembership(voters)) };
  return {
    hardState: { term: 1, votedFor: 0, commitIndex: 1 },
    entries: [first],
    compactedIndex: 0,
    compactedTerm: 0,
    membership: EMPTY_MEMBERSHIP,
  };
}

/** The newest membership of a stored log, and where it stands. */
export function storedMembership({ entries, compactedIndex, membership }: Pick<StoredState, 'entries' | 'compactedIndex' | 'membership'>): {
  readonly membership: Membership;
  readonly membershipIndex: number;
} {
  const newest: Entry | undefined = entries.findLast(({ kind }) => kind === ENTRY_KINDS.membership);
  if (newest === undefined) return { membership, membershipIndex: compactedIndex };
  return { membership: decodeMembership(newest.payload), membershipIndex: newest.index };
}
