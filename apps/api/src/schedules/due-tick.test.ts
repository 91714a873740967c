import { expect, it } from '@jest/globals';
import { CronPattern } from './cron.ts';
import { dueTick } from './due-tick.ts';

const hourly = new CronPattern('0 * * * *', 'UTC');
const at = (time: string): Date => new Date(`2026-11-29T${time}Z`);

it.each([
  ['on time', '02:00:00', '02:00', 0],
  ['a little late', '02:59:59', '02:00', 0],
  ['late by two', '04:00:00', '04:00', 2],
  ['late by two and a bit', '04:30:00', '04:00', 2],
])('%s: the last tick is due, those before it are missed', (_, now, tick, missedBefore) => {
  expect(dueTick(hourly, at('02:00:00'), at(now))).toEqual({ tick: at(`${tick}:00`), missedBefore });
});

it('counts only so many', () => {
  const minutely = new CronPattern('* * * * *', 'UTC');
  expect(dueTick(minutely, new Date('2025-11-29T00:00:00Z'), at('00:00:30'))).toEqual({
    tick: at('00:00:00'),
    missedBefore: 20_000,
  });
});
