import { describe, expect, it } from '@jest/globals';
import { type JobView, jobLines, jobsLines } from './jobs-report.ts';

const none = { deadLetters: 0, skippedRows: 0, lateRows: 0 };
const completed: JobView = {
  id: '01KB0000000000000000000000',
  name: 'report',
  status: 'COMPLETED',
  startedAt: '2026-11-29T02:00:00.000Z',
  endedAt: '2026-11-29T02:00:12.340Z',
  durationMs: 12_340,
  error: null,
  counts: [
    { stage: 'sales', ...none, rowsIn: 0, rowsOut: 1_000 },
    { stage: 'paid', ...none, rowsIn: 1_000, rowsOut: 900 },
    { stage: 'lake', ...none, rowsIn: 900, rowsOut: 0, skippedRows: 3 },
  ],
};

describe('what is said of jobs', () => {
  it('has the rows that came in and went out', () => {
    expect(jobsLines([completed])).toEqual([
      'JOB     STATUS     BEGAN                     TOOK    ROWS IN  ROWS OUT',
      'report  COMPLETED  2026-11-29T02:00:00.000Z  12.3 s  1000     900',
    ]);
    expect(jobsLines([])).toEqual(['there are no jobs']);
  });

  it('has each stage of one, and why it failed', () => {
    const error = { code: 'jdbc.row_refused', message: 'a row is refused', mend: 'Repair it.' };
    expect(jobLines({ ...completed, status: 'FAILED', error })).toEqual([
      'job report (01KB0000000000000000000000) is FAILED',
      'began 2026-11-29T02:00:00.000Z, ended 2026-11-29T02:00:12.340Z, took 12.3 s',
      'jdbc.row_refused: a row is refused',
      'Repair it.',
      'STAGE  ROWS IN  ROWS OUT  SKIPPED  SET ASIDE  LATE',
      'sales  0        1000      0        0          0',
      'paid   1000     900       0        0          0',
      'lake   900      0         3        0          0',
    ]);
    expect(jobLines({ ...completed, counts: null }).at(-1)).toBe('rows are told when it stops');
  });
});
