import { describe, expect, it } from '@jest/globals';
import { type Execution, startEngine } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';
import { newBoard } from './board.ts';
import { request } from './running.ts';

const JOBS = 10;
/** Long enough for anything that polls to show. */
const WATCHED_MS = 500;

const pause = (durationMs: number) => systemClock.sleep(durationMs, new AbortController().signal);

/** Turns that the schedulers of the threads have taken. */
async function turnsOf(executions: readonly Execution[]): Promise<number> {
  const metrics = await Promise.all(executions.map((execution) => execution.metrics()));
  return metrics.flat().reduce((turns, { custom }) => turns + custom['engine.threadTurns']!, 0);
}

describe('an engine', () => {
  it('takes no turn while its jobs have nothing to do', async () => {
    await using engine = await startEngine({ threads: 2 });
    const executions: Execution[] = [];
    for (let job = 0; job < JOBS; job++) {
      // The source waits for a commit after its first rows.
      const spec = { dag: 'counting', rowsPerSplit: 200, rowsPerCommit: 100, sinks: 2, board: newBoard() };
      executions.push(await engine.deploy(request(spec)));
    }
    for (const execution of executions) execution.start();
    let turns = -1;
    for (let before = -2; before !== turns; ) {
      before = turns;
      await pause(50);
      turns = await turnsOf(executions);
    }
    expect(turns).toBeGreaterThan(0);
    await pause(WATCHED_MS);
    expect(await turnsOf(executions)).toBe(turns);
  });
});
