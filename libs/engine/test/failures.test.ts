import { describe, expect, it } from '@jest/globals';
import { type Engine, type Execution, startEngine } from '@millrace/engine';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { newBoard, read, SLOT } from './board.ts';
import { request } from './running.ts';

const spec = { dag: 'broken', rowsPerSplit: 200, rowsPerCommit: 100 } as const;
const RESTORE = {
  snapshotId: 1,
  state: [{ vertex: 'broken', entries: [{ partition: -1, key: 'state', value: new Uint8Array(1) }] }],
};

async function failureOf(promise: Promise<unknown>): Promise<MillraceError> {
  try {
    await promise;
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('it did not fail');
}

async function deployBroken(engine: Engine, brokenIn: string, board = newBoard(), rows = {}) {
  const execution: Execution = await engine.deploy(
    request({ ...spec, ...rows, withWatermarks: true, brokenIn, board }),
  );
  return { execution, board };
}

describe('a failure in a processor', () => {
  it.each(['init', 'restoreSnapshot', 'restoreFinished'])('in %s rejects deploy and closes all', async (callback) => {
    await using engine = await startEngine({ threads: 2 });
    const board = newBoard();
    const error = await failureOf(engine.deploy(request({ ...spec, brokenIn: callback, board }, { restore: RESTORE })));
    expect(error.code.code).toBe('test.broken');
    expect(error.message).toBe(`broken in ${callback}`);
    expect(error.details).toEqual({ vertex: 'broken', globalIndex: 0, callback });
    expect(read(board, SLOT.inits)).toBe(4);
    expect(read(board, SLOT.closes)).toBe(4);
  });

  it.each(['process', 'processWatermark', 'complete', 'snapshotPrepare', 'saveSnapshot', 'fail'])(
    'in %s fails the execution with its code, origin and mend, and closes all',
    async (callback) => {
      await using engine = await startEngine({ threads: 2 });
      const { execution, board } = await deployBroken(engine, callback);
      execution.start();
      // `complete` is reached only after a commit has opened the source; the failure may come before the commit's last answer.
      if (callback === 'complete') await Promise.allSettled([execution.commitSnapshot(0)]);
      if (callback.includes('napshot')) await failureOf(execution.takeSnapshot(1));
      const error = await failureOf(execution.completion);
      expect(error.code).toEqual({
        code: 'test.broken',
        domain: 'external',
        retry: 'later',
        title: 'Broken on purpose',
      });
      expect(error.details).toEqual({ vertex: 'broken', globalIndex: 0, callback });
      expect(error.mend).toBe('Nothing: it is a test.');
      expect(read(board, SLOT.closes)).toBe(4);
      await expect(execution.takeSnapshot(2)).rejects.toBe(error);
      await execution.stop();
    },
  );

  it('in snapshotCommit fails the commit and the execution', async () => {
    await using engine = await startEngine({ threads: 2 });
    const { execution, board } = await deployBroken(engine, 'snapshotCommit');
    execution.start();
    await execution.takeSnapshot(1);
    await expect(execution.commitSnapshot(1)).rejects.toMatchObject({ code: { code: 'test.broken' } });
    await expect(execution.completion).rejects.toMatchObject({ details: { callback: 'snapshotCommit' } });
    expect(read(board, SLOT.closes)).toBe(4);
  });

  it('without a code of its own is named by vertex and callback', async () => {
    await using engine = await startEngine({ threads: 1 });
    const { execution } = await deployBroken(engine, 'plain error');
    execution.start();
    const error = await failureOf(execution.completion);
    expect(error.code.code).toBe('engine.processor_failed');
    expect(error.message).toBe('broken#0 failed in process: no code of its own');
  });

  it('in close is reported and hinders nobody', async () => {
    const problems: MillraceError[] = [];
    const onProblem = (problem: MillraceError) => {
      // On a machine that is busy with something else any callback can be slow.
      if (problem.code.code !== 'engine.slow_callback') problems.push(problem);
    };
    await using engine = await startEngine({ threads: 2, onProblem });
    const { execution, board } = await deployBroken(engine, 'close');
    execution.start();
    await execution.stop();
    expect(problems.map((problem) => [problem.code.code, problem.details])).toEqual([
      ['test.broken', { vertex: 'broken', globalIndex: 0, callback: 'close' }],
    ]);
    expect(read(board, SLOT.closes)).toBe(4);
  });

  it('that ignores a refusal is caught before it loses rows', async () => {
    await using engine = await startEngine({ threads: 1 });
    const ignoring = { ...spec, rowsPerCommit: undefined, queueRowsMax: 32, brokenIn: 'ignored refusal', isHeld: true };
    const execution = await engine.deploy(request({ ...ignoring, board: newBoard() }));
    execution.start();
    await expect(execution.completion).rejects.toMatchObject({ code: { code: 'engine.contract_violated' } });
  });
});

it('a callback that holds up its thread is reported and fails nothing', async () => {
  const reported = Promise.withResolvers<MillraceError>();
  const onProblem = (problem: MillraceError) => {
    if (problem.details?.['vertex'] === 'broken') reported.resolve(problem);
  };
  await using engine = await startEngine({ threads: 1, onProblem });
  const { execution } = await deployBroken(engine, 'slow', newBoard(), { rowsPerSplit: 4, rowsPerCommit: 2 });
  execution.start();
  const problem = await reported.promise;
  expect(problem.code.code).toBe('engine.slow_callback');
  expect(problem.details).toMatchObject({ jobId: 'job', jobName: 'test', vertex: 'broken', globalIndex: 0 });
  await execution.commitSnapshot(0);
  await execution.completion;
});

describe('a lost thread', () => {
  it.each(['thread', 'exit'])('fails all its executions and is replaced (%s)', async (how) => {
    await using engine = await startEngine({ threads: 1 });
    const innocent = (await deployBroken(engine, '')).execution;
    innocent.start();
    const { execution } = await deployBroken(engine, how);
    execution.start();
    await expect(execution.completion).rejects.toMatchObject({ code: { code: 'engine.thread_lost' } });
    await expect(innocent.completion).rejects.toMatchObject({ code: { code: 'engine.thread_lost' } });
    await expect(innocent.takeSnapshot(1)).rejects.toMatchObject({ code: { code: 'engine.thread_lost' } });

    const next = (await deployBroken(engine, '')).execution;
    next.start();
    await next.commitSnapshot(0);
    await expect(next.completion).resolves.toBeUndefined();
  });
});

describe('stop', () => {
  it('ends a thread that a processor blocks, and the next job gets a new one', async () => {
    const limits: (() => void)[] = [];
    const timer = (_: number, reached: () => void) => {
      limits.push(reached);
      return () => undefined;
    };
    await using engine = await startEngine({ threads: 1, clock: { ...systemClock, timer } });
    const { execution, board } = await deployBroken(engine, 'block');
    execution.start();
    while (read(board, SLOT.blocked) === 0) await new Promise((resolve) => setImmediate(resolve));
    const stopped = execution.stop();
    for (const reached of limits) reached();
    await stopped;
    expect(read(board, SLOT.closes)).toBe(0);

    const next = (await deployBroken(engine, '')).execution;
    next.start();
    await expect(next.takeSnapshot(1)).resolves.toHaveLength(3);
  });

  it('closes every processor, rejects what is under way and can be called twice', async () => {
    await using engine = await startEngine({ threads: 2 });
    const { execution, board } = await deployBroken(engine, '');
    const taken = execution.takeSnapshot(1);
    const stopped = execution.stop();
    await expect(taken).rejects.toMatchObject({ code: { code: 'engine.stopped' } });
    await stopped;
    await execution.stop();
    expect(read(board, SLOT.closes)).toBe(4);
    await expect(execution.metrics()).rejects.toMatchObject({ code: { code: 'engine.stopped' } });
  });

  it('of the engine stops its executions and refuses new ones', async () => {
    const engine = await startEngine({ threads: 2 });
    const { board } = await deployBroken(engine, '');
    await engine[Symbol.asyncDispose]();
    expect(read(board, SLOT.closes)).toBe(4);
    await expect(deployBroken(engine, '')).rejects.toMatchObject({ code: { code: 'engine.stopped' } });
  });
});

describe('deploy refuses', () => {
  it('a cycle', async () => {
    await using engine = await startEngine({ threads: 1 });
    const error = await failureOf(engine.deploy(request({ dag: 'cyclic', rowsPerSplit: 0, board: newBoard() })));
    expect(error.code.code).toBe('engine.dag_invalid');
    expect(error.message).toBe('the edges of a, b form a cycle');
  });

  it('isolated edges between different parallelisms', async () => {
    await using engine = await startEngine({ threads: 1 });
    const isolated = { dag: 'routed', routing: 'isolated', sources: 2, sinks: 3 } as const;
    const error = await failureOf(engine.deploy(request({ ...isolated, rowsPerSplit: 0, board: newBoard() })));
    expect(error.message).toBe('the isolated edge source -> sink joins parallelism 2 to 3');
  });

  it('a module without buildDag', async () => {
    await using engine = await startEngine({ threads: 1 });
    const dagModule = new URL('./board.ts', import.meta.url).href;
    const error = await failureOf(
      engine.deploy({ ...request({ dag: 'routed', rowsPerSplit: 0, board: newBoard() }), dagModule }),
    );
    expect(error.message).toBe(`${dagModule} does not export buildDag`);
  });
});
