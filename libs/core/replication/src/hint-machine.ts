import { assert } from '@varve/base';

/** How the drain of one owner's hints stands. */
export type HintState = 'idle' | 'sending' | 'waiting';

/**
 * `ackedMore` and `ackedLast`: the batch under way was taken, and hints are left or not. `retryDue`: the pause is over, or the
 * owner was heard of again.
 */
export type HintEvent = 'appended' | 'ackedMore' | 'ackedLast' | 'failed' | 'retryDue';

/** Complete by type: a new state or event does not compile until every cell is decided. */
export const HINT_TRANSITIONS: Readonly<Record<HintState, Readonly<Record<HintEvent, HintState | 'bug'>>>> = {
  // There are no hints.
  idle: { appended: 'sending', ackedMore: 'bug', ackedLast: 'bug', failed: 'bug', retryDue: 'idle' },
  // One batch is under way; what comes meanwhile goes with the next.
  sending: { appended: 'sending', ackedMore: 'sending', ackedLast: 'idle', failed: 'waiting', retryDue: 'sending' },
  // The owner is away or took nothing; a timer is set.
  waiting: { appended: 'waiting', ackedMore: 'bug', ackedLast: 'bug', failed: 'bug', retryDue: 'sending' },
};

/** The state after an event. */
export function nextHintState(state: HintState, event: HintEvent): HintState {
  const next = HINT_TRANSITIONS[state][event];
  assert(next !== 'bug', `hint drain: "${event}" cannot happen while ${state}`);
  return next;
}
