import { describe, expect, it } from '@jest/globals';
import { clockUsOf, daysOf, timestampUsOf, unscaledOf } from './parquet-value.ts';

describe('values of Parquet', () => {
  it.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2024-02-29', 19_782],
    ['0001-01-01', -719_162],
    ['0001-12-31 BC', -719_163],
    ['12024-01-01', 3_672_148],
  ])('has %s as day %i', (text, days) => {
    expect(daysOf(text)).toBe(days);
  });

  it.each([
    ['1970-01-01 00:00:00', 0n],
    ['1970-01-01 00:00:01.5', 1_500_000n],
    ['1969-12-31 23:59:59.999999+00', -1n],
    ['1970-01-01 05:30:00+05:30', 0n],
    ['1969-12-31 16:00:00-08', 0n],
    ['2024-01-01 23:59:59.000001+00', 1_704_153_599_000_001n],
    ['0044-03-15 00:00:00+00 BC', -63_517_824_000_000_000n],
  ])('has %s as microsecond %i', (text, us) => {
    expect(timestampUsOf(text)).toBe(us);
  });

  it('has times of day and decimals', () => {
    expect(clockUsOf('24:00:00')).toBe(86_400_000_000n);
    expect(clockUsOf('00:00:00.01')).toBe(10_000n);
    expect(unscaledOf('-12.50', 10, 2)).toBe(-1_250n);
    expect(unscaledOf('0.5', 1, 1)).toBe(5n);
    expect(unscaledOf('7', 5, 3)).toBe(7_000n);
  });

  it.each([
    [() => daysOf('infinity'), 'is infinite'],
    [() => daysOf('5874897-12-31'), 'is too far away'],
    [() => timestampUsOf('-infinity'), 'is infinite'],
    [() => timestampUsOf('yesterday'), 'is not a timestamp'],
    [() => clockUsOf('noon'), 'is not a time of day'],
    [() => unscaledOf('NaN', 10, 2), 'is not a finite number'],
    [() => unscaledOf('1.234', 10, 2), 'has more digits than its type'],
    [() => unscaledOf('123456.00', 7, 2), 'has more digits than its type'],
  ])('%# is refused: %s', (value, message) => {
    expect(value).toThrow(message);
  });
});
