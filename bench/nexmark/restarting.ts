import { type Board, forgetProgress, nowMs, TIME, timeMs } from './board.ts';
import { type JobRunner, snapshotsOf } from './job-runner.ts';
import type { Restarts, Snapshots } from './run-report.ts';

/** The yardstick's programme: snapshots are watched from 20 s to 35 s, then come restarts and suspensions. */
const SETTLE_MS = 20_000;
const WATCH_MS = 15_000;
const PAUSE_MS = 5_000;
const ROUNDS = 3;
const POLL_MS = 1;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function untilSet(board: Board, time: number): Promise<number> {
  while (timeMs(board, time) === 0) await sleep(POLL_MS);
  return timeMs(board, time);
}

/** Restarts and suspends a running job. */
export async function restarting(
  runner: JobRunner,
  board: Board,
): Promise<{ readonly snapshots: Snapshots | undefined; readonly restarts: Restarts }> {
  await sleep(SETTLE_MS);
  runner.taken.length = 0;
  await sleep(WATCH_MS);
  const snapshots = snapshotsOf(runner.taken);
  const restarts = {
    restartMs: [] as number[],
    caughtUpMs: [] as number[],
    suspendMs: [] as number[],
    resumeMs: [] as number[],
  };
  for (let round = 0; round < ROUNDS; round++) {
    const calledAt = nowMs();
    await runner.suspend();
    forgetProgress(board);
    await runner.start();
    restarts.restartMs.push((await untilSet(board, TIME.firstOutput)) - calledAt);
    restarts.caughtUpMs.push((await untilSet(board, TIME.caughtUp)) - calledAt);
    await sleep(PAUSE_MS);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const calledAt = nowMs();
    await runner.suspend();
    restarts.suspendMs.push(nowMs() - calledAt);
    forgetProgress(board);
    const resumedAt = nowMs();
    await runner.start();
    restarts.resumeMs.push((await untilSet(board, TIME.firstOutput)) - resumedAt);
    await untilSet(board, TIME.caughtUp);
    await sleep(PAUSE_MS);
  }
  return { snapshots, restarts };
}
