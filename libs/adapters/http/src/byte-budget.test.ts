import { expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

test('E3: what does not fit is refused as a whole, and fits again after something was given back', () => {
  const budget = new ByteBudget({ sizeBytesMax: 100, what: 'bodies', code: 'WRITE_OVERLOADED' });
  budget.take(60);
  expect(() => budget.take(41)).toThrow(expect.objectContaining({ code: 'WRITE_OVERLOADED' }));
  expect(budget.takenBytes).toBe(60);
  budget.give(20);
  budget.take(60);
  expect(budget.takenBytes).toBe(100);
});
