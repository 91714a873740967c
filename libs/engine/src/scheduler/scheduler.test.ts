import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@millrace/kernel';
import { Scheduler, SLICE_MS, type Task } from './scheduler.ts';

function setUp() {
  const planned: (() => void)[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => Promise.resolve(),
    timer: () => () => undefined,
  };
  const scheduler = new Scheduler(clock, (turn) => planned.push(turn));
  const log: string[] = [];
  /** A task that has `runs` runs of work of `costMs` each. */
  const task = (name: string, runs: number, costMs: number): Task & { total: number } => ({
    isScheduled: false,
    total: 0,
    run() {
      log.push(name);
      nowMs += costMs;
      runs -= 1;
      return runs > 0;
    },
    ran(durationMs) {
      this.total += durationMs;
    },
  });
  return { scheduler, planned, log, task };
}

describe('the scheduler', () => {
  it('plans nothing while nothing is ready', () => {
    const { scheduler, planned, task } = setUp();
    expect(planned).toHaveLength(0);
    scheduler.schedule(task('a', 1, 0));
    expect(planned).toHaveLength(1);
    planned.shift()!();
    expect(planned).toHaveLength(0);
    expect(scheduler.turns).toBe(1);
  });

  it('plans one turn for any number of ready tasks, and a task once', () => {
    const { scheduler, planned, log, task } = setUp();
    const a = task('a', 1, 0);
    scheduler.schedule(a);
    scheduler.schedule(a);
    scheduler.schedule(task('b', 1, 0));
    expect(planned).toHaveLength(1);
    planned.shift()!();
    expect(log).toEqual(['a', 'b']);
  });

  it('yields after a slice and lets the tasks take turns', () => {
    const { scheduler, planned, log, task } = setUp();
    const a = task('a', 4, SLICE_MS / 2);
    const b = task('b', 3, SLICE_MS / 2);
    scheduler.schedule(a);
    scheduler.schedule(b);
    const turns: string[][] = [];
    while (planned.length > 0) {
      planned.shift()!();
      turns.push(log.splice(0));
    }
    expect(turns).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b'], ['a']]);
    expect([a.total, b.total]).toEqual([2 * SLICE_MS, 1.5 * SLICE_MS]);
  });
});
