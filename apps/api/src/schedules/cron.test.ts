import { describe, expect, it } from '@jest/globals';
import { CronPattern, cronIssues } from './cron.ts';

const NOW = new Date('2026-11-29T12:00:00Z');

const ticks = (cron: string, timeZone: string, from: string, count: number): readonly string[] =>
  new CronPattern(cron, timeZone).upcoming(count, new Date(from)).map((tick) => tick.toISOString().slice(0, 16));

describe('a pattern', () => {
  it('comes in the time of its zone', () => {
    expect(ticks('0 2 * * 1-5', 'Europe/Berlin', '2026-11-27T12:00:00Z', 2)).toEqual([
      '2026-11-30T01:00',
      '2026-12-01T01:00',
    ]);
    expect(ticks('0 0 29 2 *', 'UTC', '2026-11-29T12:00:00Z', 1)).toEqual(['2028-02-29T00:00']);
  });

  it('in an hour that is skipped comes when that hour would have ended, once', () => {
    // Berlin goes from 02:00 to 03:00 at 01:00 UTC.
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
    expect(ticks('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:15:00Z', 3)).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:00',
      '2026-03-29T01:30',
    ]);
  });

  it('in an hour that comes twice comes once at a fixed hour, and in both with a wildcard for the hour', () => {
    // Berlin goes from 03:00 back to 02:00 at 01:00 UTC.
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(ticks('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:45:00Z', 5)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ]);
  });

  it('has the same ticks backwards', () => {
    const pattern = new CronPattern('30 2 * * *', 'Europe/Berlin');
    for (let tick = pattern.next(new Date('2026-03-27T00:00:00Z'))!; tick < NOW; ) {
      const next = pattern.next(tick)!;
      expect(pattern.before(next)).toEqual(tick);
      tick = next;
    }
  });

  it.each([
    ['61 * * * *', 'field 1 (minute), "61" at character 1: Invalid value for minute: 61'],
    ['0 2 * foo *', 'field 4 (month), "foo" at character 7: configuration entry 4 (foo) contains illegal characters.'],
    ['0 5-1 * * *', 'field 2 (hour), "5-1" at character 3: From value is larger than to value: \'5-1\''],
    ['0 2 * *', 'a pattern has five fields, and there are 4 in "0 2 * *"'],
    ['0 0 2 * * *', 'a pattern has five fields, and there are 6 in "0 0 2 * * *"'],
    ['@daily', 'a pattern has five fields, and there are 1 in "@daily"'],
    ['0 0 30 2 *', '"0 0 30 2 *" never comes'],
  ])('%s is refused with the place', (cron, message) => {
    expect(cronIssues(cron, 'UTC', NOW)).toMatchObject([{ code: 'schedule.bad_cron', pointer: '/cron', message }]);
  });

  it('tells every field that is wrong, and a time zone that there is not', () => {
    expect(cronIssues('61 25 * * *', '+02:00', NOW).map(({ pointer }) => pointer)).toEqual([
      '/timeZone',
      '/cron',
      '/cron',
    ]);
    expect(cronIssues('0 2 * * *', 'Europe/Atlantis', NOW)).toMatchObject([{ code: 'schedule.bad_time_zone' }]);
    expect(cronIssues('*/5 0-6,22 1W JAN-MAR MON#1', 'America/Argentina/Buenos_Aires', NOW)).toEqual([]);
  });
});
