import { describe, expect, it } from '@jest/globals';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { REPORT_INTERVAL_MS, SlowReports } from './slow-reports.ts';

const run = (vertex: string, globalIndex: number) => ({ vertex, globalIndex, callback: 'process', durationMs: 150.4 });

describe('slow callbacks', () => {
  it('are reported once for each vertex and interval, with job, vertex and callback', () => {
    let nowMs = 5;
    const problems: MillraceError[] = [];
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const reports = new SlowReports({ jobId: 'j1', jobName: 'orders' }, clock, (problem) => problems.push(problem));
    reports.add(run('map', 0));
    reports.add(run('map', 1));
    reports.add(run('sink', 1));
    nowMs += REPORT_INTERVAL_MS - 1;
    reports.add(run('map', 0));
    nowMs += 1;
    reports.add(run('map', 1));
    expect(problems.map(({ details }) => [details?.['vertex'], details?.['globalIndex']])).toEqual([
      ['map', 0],
      ['sink', 1],
      ['map', 1],
    ]);
    expect(problems[0]!.code.code).toBe('engine.slow_callback');
    expect(problems[0]!.message).toBe('map#0 of job orders (j1) held up its thread for 150 ms, last in process');
  });
});
