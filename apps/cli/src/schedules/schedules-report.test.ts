import { describe, expect, it } from '@jest/globals';
import { type RunView, runLines, type ScheduleView, scheduleLines, schedulesLines } from './schedules-report.ts';

const none = { deadLetters: 0, skippedRows: 0, lateRows: 0 };
const run: RunView = {
  tick: '2026-11-29T01:00:00.000Z',
  outcome: 'submitted',
  missedBefore: 0,
  jobName: 'nightly-20261129T0100Z',
  status: 'COMPLETED',
  error: null,
  durationMs: 2_500,
  counts: [
    { stage: 'sales', ...none, rowsIn: 0, rowsOut: 12 },
    { stage: 'lake', ...none, rowsIn: 12, rowsOut: 0 },
  ],
};
const nightly: ScheduleView = {
  id: '01KB0000000000000000000000',
  name: 'nightly',
  cron: '0 2 * * *',
  timeZone: 'Europe/Berlin',
  overlap: 'skip',
  suspended: false,
  nextTicks: ['2026-11-30T01:00:00.000Z', '2026-12-01T01:00:00.000Z'],
  lastRun: run,
};

describe('what is said of schedules', () => {
  it('has the next tick and the last run', () => {
    expect(
      schedulesLines([nightly, { ...nightly, name: 'weekly', suspended: true, nextTicks: [], lastRun: null }]),
    ).toEqual([
      'SCHEDULE  CRON       TIME ZONE      NEXT TICK                 LAST RUN                  STATUS     ROWS OUT',
      'nightly   0 2 * * *  Europe/Berlin  2026-11-30T01:00:00.000Z  2026-11-29T01:00:00.000Z  COMPLETED  12',
      'weekly    0 2 * * *  Europe/Berlin  suspended                 -                         -          -',
    ]);
    expect(schedulesLines([])).toEqual(['there are no schedules']);
  });

  it('has the ticks to come, and the runs with what they have done', () => {
    expect(scheduleLines(nightly)).toEqual([
      'schedule nightly (01KB0000000000000000000000): 0 2 * * * in Europe/Berlin, overlap skip',
      'next: 2026-11-30T01:00:00.000Z, 2026-12-01T01:00:00.000Z',
    ]);
    const refused = {
      ...run,
      tick: '2026-11-28T01:00:00.000Z',
      outcome: 'refused',
      jobName: 'nightly-20261128T0100Z',
      status: null,
      counts: null,
      durationMs: null,
      error: { code: 'pipeline.invalid', message: 'there is no sink "lake"' },
    };
    expect(runLines([run, refused])).toEqual([
      'TICK                      STATUS     TOOK   ROWS IN  ROWS OUT  MISSED BEFORE  JOB                     ERROR',
      '2026-11-29T01:00:00.000Z  COMPLETED  2.5 s  12       12        0              nightly-20261129T0100Z',
      '2026-11-28T01:00:00.000Z  refused    -      -        -         0              nightly-20261128T0100Z  pipeline.invalid',
    ]);
    expect(runLines([])).toEqual(['it has not run yet']);
  });
});
