import { AssertionError } from '@varve/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hintVerdict } from './hint-budget.ts';
import { HINT_TRANSITIONS, nextHintState, type HintEvent, type HintState } from './hint-machine.ts';

test('a queue is sent batch by batch until it is empty', () => {
  const events: HintEvent[] = ['appended', 'appended', 'ackedMore', 'ackedLast', 'appended'];
  const states = events.reduce<HintState[]>((all, event) => [...all, nextHintState(all.at(-1)!, event)], ['idle']);
  expect(states).toEqual(['idle', 'sending', 'sending', 'sending', 'idle', 'sending']);
});

test('a failure waits; new hints wait with it, and the owner’s return or the end of the pause sends again', () => {
  expect(nextHintState('sending', 'failed')).toBe('waiting');
  expect(nextHintState('waiting', 'appended')).toBe('waiting');
  expect(nextHintState('waiting', 'retryDue')).toBe('sending');
  expect(nextHintState('idle', 'retryDue')).toBe('idle');
});

test('an answer to nothing is a bug', () => {
  for (const event of ['ackedMore', 'ackedLast', 'failed'] as const) {
    for (const state of ['idle', 'waiting'] as const) expect(() => nextHintState(state, event)).toThrow(AssertionError);
  }
});

test('no state is without a way out', () => {
  for (const [state, cells] of Object.entries(HINT_TRANSITIONS)) {
    expect(Object.values(cells).some((next) => next !== state && next !== 'bug'), state).toBe(true);
  }
});

const BUDGET = { budgetSizeBytes: 100, reserveSizeBytes: 20 };

test('H6: beyond the budget only frames that nobody holds are kept, up to the reserve', () => {
  expect(hintVerdict({ queueSizeBytes: 90, frameSizeBytes: 10, isAtOwner: true }, BUDGET)).toBe('keep');
  expect(hintVerdict({ queueSizeBytes: 91, frameSizeBytes: 10, isAtOwner: true }, BUDGET)).toBe('mark');
  expect(hintVerdict({ queueSizeBytes: 91, frameSizeBytes: 10, isAtOwner: false }, BUDGET)).toBe('keep');
  expect(hintVerdict({ queueSizeBytes: 111, frameSizeBytes: 10, isAtOwner: false }, BUDGET)).toBe('refuse');
});

test('H3: a frame that nobody holds is never replaced by a mark, and the queue is bounded', () => {
  const size = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(size, size, fc.boolean(), (queueSizeBytes, frameSizeBytes, isAtOwner) => {
      const verdict = hintVerdict({ queueSizeBytes, frameSizeBytes, isAtOwner }, BUDGET);
      if (!isAtOwner) expect(verdict).not.toBe('mark');
      if (verdict === 'keep') expect(queueSizeBytes + frameSizeBytes).toBeLessThanOrEqual(120);
    }),
  );
});
