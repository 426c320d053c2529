/** A day of the Gregorian calendar, which is held to have been in use always. */
export interface CalendarDate {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly dayOfMonth: number;
}

// Years are counted from March 1st of the year 0 on: so a leap day is the last of its year, and months of 31 and 30 days
// repeat after five.
const DAYS_BEFORE_1970 = 719_468;
const DAYS_OF_400_YEARS = 146_097;
const DAYS_OF_100_YEARS = 36_524;
const DAYS_OF_4_YEARS = 1_461;
const DAYS_OF_5_MONTHS = 153;

/**
 * The date of a day, counted from 1970-01-01 on: in a tenth of the time that Date takes.
 * Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
 */
export function calendarDate(dayIndex: number): CalendarDate {
  const day = dayIndex + DAYS_BEFORE_1970;
  const era = Math.floor(day / DAYS_OF_400_YEARS);
  const dayOfEra = day - era * DAYS_OF_400_YEARS;
  const leapDayCount = quotient(dayOfEra, DAYS_OF_4_YEARS - 1) - quotient(dayOfEra, DAYS_OF_100_YEARS) + quotient(dayOfEra, DAYS_OF_400_YEARS - 1);
  const yearOfEra = quotient(dayOfEra - leapDayCount, 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + quotient(yearOfEra, 4) - quotient(yearOfEra, 100));
  const monthFromMarch = quotient(5 * dayOfYear + 2, DAYS_OF_5_MONTHS);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - quotient(DAYS_OF_5_MONTHS * monthFromMarch + 2, 5) + 1,
  };
}

/** Of whole numbers that are not negative, below 2^31. */
function quotient(dividend: number, divisor: number): number {
  return (dividend / divisor) | 0;
}
