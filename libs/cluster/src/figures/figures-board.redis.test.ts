import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { connected } from '../../test/open-store.ts';
import { historyKey, rowKey } from '../names.ts';
import { FiguresBoard, SNAPSHOT_LOG_MAX } from './figures-board.ts';
import { HISTORY_POINTS_MAX, HISTORY_STEP_MS, HistoryRecorder } from './history.ts';
import type { JobFigures, SnapshotFigures } from './job-figures.ts';

type Redis = Awaited<ReturnType<typeof connected>>;

const snapshot = (id: number): SnapshotFigures => ({
  id,
  generation: 1,
  takenAt: 1_000 + id,
  durationMs: 9,
  alignMs: 4,
  writeMs: 3,
  commitMs: 2,
  bytes: 100,
});

const figures = (jobId: string, at: number, rows: number): JobFigures => ({
  jobId,
  jobName: 'copy',
  status: 'RUNNING',
  generation: 1,
  startedAt: 0,
  attempts: 1,
  snapshot: { ...snapshot(1), ageMs: 5 },
  flow: { in: rows, out: rows, inPerSecond: 1, outPerSecond: 1 },
  lag: { of: 'source', nowMs: rows, p50Ms: undefined, p99Ms: undefined, bytes: undefined },
  vertices: [],
  edges: [],
  member: 'here:1',
  at,
});

describe('FiguresBoard', () => {
  let redis: Redis;
  let board: FiguresBoard;

  beforeAll(async () => {
    redis = await connected((await testRedis()).url);
    board = new FiguresBoard(redis);
  });

  afterAll(() => redis.disconnect());

  it('gives back what was told, whole and in short, and leaves out jobs nobody runs', async () => {
    const [one, other, idle] = [ulids.next(), ulids.next(), ulids.next()];
    for (const jobId of [one, other]) await board.tell(figures(jobId, 5, 7), { snapshots: [], point: undefined });
    expect(await board.figures(one)).toEqual(JSON.parse(JSON.stringify(figures(one, 5, 7))));
    expect(await board.figures(idle)).toBeUndefined();
    expect((await board.allFigures([idle, other])).map(({ jobId }) => jobId)).toEqual([other]);
    expect(await board.rows([one, idle, other])).toMatchObject([
      { jobId: one, member: 'here:1', inPerSecond: 1, snapshot: { id: 1 }, lag: { nowMs: 7 } },
      { jobId: other },
    ]);
    expect(await redis.pttl(rowKey(one))).toBeGreaterThan(0);
    expect(await board.rows([])).toEqual([]);
  });

  it('keeps an hour of points and the last snapshots, and forgets a job', async () => {
    const jobId = ulids.next();
    const recorder = new HistoryRecorder();
    const now = (second: number) => figures(jobId, second * 1_000, second * 10);
    let told = 0;
    for (let second = 0; told < HISTORY_POINTS_MAX + 5; second++) {
      const point = recorder.add(now(second));
      if (point === undefined) continue;
      told += 1;
      await board.tell(now(second), { snapshots: [snapshot(told)], point });
    }
    const history = await board.history(jobId);
    expect(history).toHaveLength(HISTORY_POINTS_MAX);
    expect(history.at(-1)).toMatchObject({
      at: (HISTORY_POINTS_MAX + 5) * HISTORY_STEP_MS,
      inPerSecond: 10,
      // The worst second of the ten.
      lagMs: (HISTORY_POINTS_MAX + 5) * 100,
      lagP99Ms: null,
      snapshotMs: 9,
    });
    expect(await board.histories([ulids.next(), jobId])).toEqual([[], history]);
    const snapshots = await board.snapshots(jobId);
    expect(snapshots).toHaveLength(SNAPSHOT_LOG_MAX);
    expect(snapshots[0]).toEqual(snapshot(told));
    expect(await redis.pttl(historyKey(jobId))).toBeGreaterThan(0);
    await board.forget(jobId);
    expect(await redis.keys(`millrace:job:${jobId}:*`)).toEqual([]);
  });
});
