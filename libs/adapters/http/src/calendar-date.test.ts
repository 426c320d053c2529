import { expect, test } from 'vitest';
import { calendarDate } from './calendar-date.ts';

test('every day that a time may have has the date that the platform gives it', () => {
  const dayMs = 86_400_000;
  const [first, last] = [Date.UTC(1677, 0, 1), Date.UTC(2263, 0, 1)].map((ms) => ms / dayMs);
  const wrong: number[] = [];
  for (let day = first!; day < last!; day += 1) {
    const { year, month, dayOfMonth } = calendarDate(day);
    if (Date.UTC(year, month - 1, dayOfMonth) !== day * dayMs || dayOfMonth > 31 || month > 12) wrong.push(day);
  }
  expect(wrong).toEqual([]);
});

test('leap days are those of the calendar', () => {
  const check = (text: string, expected: string): void => {
    const { year, month, dayOfMonth } = calendarDate(Date.parse(text) / 86_400_000);
    expect(`${year}-${month}-${dayOfMonth}`).toBe(expected);
  };
  check('1970-01-01', '1970-1-1');
  check('1969-12-31', '1969-12-31');
  check('2000-02-29', '2000-2-29');
  check('1900-03-01', '1900-3-1');
  check('1900-02-28', '1900-2-28');
  check('2024-12-31', '2024-12-31');
});
