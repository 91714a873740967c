import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Engine, startEngine } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import { RedisServer, testRedis } from '@millrace/testing';
import { CoordinatedJob } from '../../test/coordinated-job.ts';
import { shown, upTo } from '../../test/shown.ts';
import { RedisUnavailable } from '../errors.ts';
import { RedisSnapshotStore } from '../snapshot/redis-snapshot-store.ts';
import type { SnapshotRecord } from '../snapshot/snapshot-store.ts';
import { WITNESS_STATE_BYTES_MAX } from '../snapshot/witness.ts';

let engine: Engine;
let redisUrl: string;

beforeAll(async () => {
  engine = await startEngine({ threads: 2 });
  redisUrl = (await testRedis()).url;
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Both sinks show the numbers from 0 on, each once, in order. */
function expectGapless(job: CoordinatedJob): number {
  const [left, right] = [shown(job.directory, 'left'), shown(job.directory, 'right')];
  expect(left).toEqual(upTo(left.length));
  expect(right).toEqual(upTo(right.length));
  return right.length;
}

describe('an execution', () => {
  it('of a bounded source ends with a final snapshot', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl, { count: 505 });
    expect(await job.member().run()).toBe('completed');
    expect(job.job).toMatchObject({ status: 'COMPLETED', generation: 1 });
    expect(job.job.history).toEqual(['STARTING', 'RUNNING', 'COMPLETING', 'COMPLETED']);
    expect(expectGapless(job)).toBe(505);
    const [newest] = await job.store.records(job.job.id);
    const witness = job.catalog.readWitness();
    expect(witness).toMatchObject({ snapshotId: newest?.snapshotId, hash: newest?.hash, generation: 1 });
    expect(witness?.state).toEqual(await job.store.read(job.job.id, newest!));
  });

  it('INV-5 takes its first snapshot before it waits for the interval', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl, {}, 3_600_000);
    const member = job.member();
    const end = member.run();
    await job.until('first snapshot', () => job.catalog.readWitness()?.snapshotId === 1);
    member.release();
    expect(await end).toBe('released');
    expect(job.job.status).toBe('NOT_RUNNING');
    expectGapless(job);
  });

  it('suspends with a last snapshot, and goes on from it', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const member = job.member();
    const end = member.run();
    await job.untilShown(300);
    job.catalog.change({ desired: 'suspended' });
    member.poke();
    expect(await end).toBe('suspended');
    expect(job.job.status).toBe('SUSPENDED');
    expect(job.job.history).toContain('SUSPENDED_EXPORTING_SNAPSHOT');
    const before = expectGapless(job);

    job.catalog.change({ desired: 'running', status: 'NOT_RUNNING' });
    const next = job.member();
    const nextEnd = next.run();
    await job.untilShown(300);
    next.release();
    expect(await nextEnd).toBe('released');
    expect(job.job.generation).toBe(2);
    expect(expectGapless(job)).toBeGreaterThanOrEqual(before + 300);
  });

  it('that should not run is brought to rest without running', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    job.catalog.change({ desired: 'suspended', status: 'RUNNING' });
    expect(await job.member().run()).toBe('suspended');
    job.catalog.change({ desired: 'cancelled' });
    expect(await job.member().run()).toBe('cancelled');
    expect(job.job).toMatchObject({ status: 'FAILED', error: { code: 'job.cancelled' } });
    expect(shown(job.directory, 'left')).toEqual([]);
    // A task of a job that has ended is nothing to do.
    expect(await job.member().run()).toBe('superseded');
  });

  it('is cancelled with a last snapshot', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const member = job.member();
    const end = member.run();
    await job.untilShown(100);
    job.catalog.change({ desired: 'cancelled' });
    member.poke();
    expect(await end).toBe('cancelled');
    expect(job.job).toMatchObject({ status: 'FAILED', error: { code: 'job.cancelled' } });
    expectGapless(job);
  });

  it('restarts with a new generation from a last snapshot', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const member = job.member();
    const end = member.run();
    await job.untilShown(100);
    job.catalog.change({ restartRequested: 1 });
    member.poke();
    await job.until('second generation runs', () => job.job.generation === 2 && job.job.status === 'RUNNING');
    await job.untilShown(100);
    member.release();
    expect(await end).toBe('released');
    expect(job.job.generation).toBe(2);
    expectGapless(job);
  });

  it('goes on after a failure that may pass, from the newest snapshot', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl, { count: 2_000, fail: { at: 700, retry: 'later' } });
    writeFileSync(join(job.directory, 'fail'), '');
    expect(await job.member().run()).toBe('completed');
    expect(job.job.generation).toBe(2);
    expect(job.job.history).toContain('NOT_RUNNING');
    expect(job.lines.join('\n')).toContain('cannot emit 700');
    expect(expectGapless(job)).toBe(2_000);
  });

  it('fails for a person to mend, and goes on when resumed', async () => {
    const fail = { at: 700, retry: 'after-repair' } as const;
    await using job = await CoordinatedJob.on(engine, redisUrl, { count: 2_000, fail });
    writeFileSync(join(job.directory, 'fail'), '');
    expect(await job.member().run()).toBe('failed');
    expect(job.job).toMatchObject({
      status: 'FAILED',
      error: { code: 'test.fails_for_good', message: 'cannot emit 700', mend: 'remove the file' },
    });
    rmSync(join(job.directory, 'fail'));
    job.catalog.change({ status: 'NOT_RUNNING' });
    expect(await job.member().run()).toBe('completed');
    expect(expectGapless(job)).toBe(2_000);
  });

  it('INV-3 that was taken over ends silently, and only the newer one is seen', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const older = job.member().run();
    await job.untilShown(100);
    const newer = job.member();
    const end = newer.run();
    expect(await older).toBe('superseded');
    await job.untilShown(100);
    expect(job.job).toMatchObject({ status: 'RUNNING', generation: 2 });
    newer.release();
    expect(await end).toBe('released');
    expectGapless(job);
  });

  it('tells figures once a second', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const member = job.member();
    const end = member.run();
    await job.until('figures', () => job.figures.some((each) => (each.snapshot?.id ?? 0) > 1));
    member.release();
    await end;
    const { vertices, ...figures } = job.figures.at(-1)!;
    expect(figures).toMatchObject({ jobId: job.job.id, generation: 1, member: 'test' });
    expect(vertices.map(({ vertex }) => vertex)).toEqual(['numbers', 'left', 'right']);
    expect(vertices[0]!.rowsOut).toBeGreaterThan(0);
  });
});

describe('an execution whose Redis or metadata database has trouble', () => {
  it('goes on by itself when Redis was killed and came back: nothing is shown meanwhile, no attempt is lost', async () => {
    await using server = await RedisServer.start();
    await using job = await CoordinatedJob.on(engine, server.url);
    const member = job.member();
    const end = member.run();
    for (let kills = 0; kills < 2; kills++) {
      await job.untilShown(100);
      await server.down('SIGKILL');
      await job.until(
        'trouble is told',
        () => job.lines.filter((line) => line.includes('waits for Redis')).length > kills,
      );
      const meanwhile = shown(job.directory, 'right').length;
      expect(shown(job.directory, 'right')).toHaveLength(meanwhile);
      await server.up();
      await job.untilShown(100);
    }
    expect(job.job.generation).toBe(1);
    member.release();
    expect(await end).toBe('released');
    expectGapless(job);
  });

  it('INV-2 shows nothing while the metadata database is away', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    const member = job.member();
    const end = member.run();
    await job.untilShown(100);
    job.catalog.away = new Error('connection refused');
    await job.until('trouble is told', () =>
      job.lines.some((line) => line.includes('waits for the metadata database')),
    );
    const [newest] = await job.store.records(job.job.id);
    expect(newest!.snapshotId).toBeGreaterThan(job.catalog.readWitness()!.snapshotId);
    const meanwhile = shown(job.directory, 'left').length;
    job.catalog.away = undefined;
    await job.untilShown(100);
    expect(shown(job.directory, 'left').length).toBeGreaterThan(meanwhile);
    expect(job.job.generation).toBe(1);
    member.release();
    expect(await end).toBe('released');
    expectGapless(job);
  });

  it('INV-4 finds out what became of a commit record whose answer got lost', async () => {
    await using job = await CoordinatedJob.on(engine, redisUrl);
    let lost = 0;
    class Forgetful extends RedisSnapshotStore {
      override async write(jobId: string, record: SnapshotRecord, state: Uint8Array): Promise<void> {
        await super.write(jobId, record, state);
        if (record.snapshotId % 3 !== 0 || lost > record.snapshotId) return;
        lost = record.snapshotId + 1;
        throw new MillraceError(RedisUnavailable, { message: 'the answer was lost' });
      }
    }
    const member = job.member(new Forgetful(job.redis));
    const end = member.run();
    await job.until('answers lost', () => lost > 6);
    await job.untilShown(100);
    member.release();
    expect(await end).toBe('released');
    expect(job.job.generation).toBe(1);
    expectGapless(job);
  });

  const lostWrites = [
    ['is restored from the witness where it holds the state', 0, 'completed'],
    ['fails where nobody holds the state, instead of stepping back', WITNESS_STATE_BYTES_MAX, 'failed'],
  ] as const;
  it.each(lostWrites)('INV-2 after Redis lost writes %s', async (_, padBytes, expected) => {
    await using server = await RedisServer.start();
    const copy = join(tmpdir(), `millrace-redis-copy-${server.port}`);
    await using job = await CoordinatedJob.on(engine, server.url, { count: 3_000, padBytes });
    const member = job.member();
    const end = member.run();
    await job.untilShown(200);
    // A replica that is promoted without the last writes: the server comes back with its files of some snapshots ago.
    cpSync(server.directory, copy, { recursive: true });
    await job.untilShown(200);
    member.release();
    expect(await end).toBe('released');
    const before = expectGapless(job);
    await server.down('SIGKILL');
    cpSync(copy, server.directory, { recursive: true, force: true });
    rmSync(copy, { recursive: true });
    await server.up();
    await job.until('Redis is back', async () => (await job.store.generationOf(job.job.id).catch(() => -1)) >= 0);
    const [newest] = await job.store.records(job.job.id);
    expect(newest!.snapshotId).toBeLessThan(job.catalog.readWitness()!.snapshotId);

    expect(await job.member().run()).toBe(expected);
    if (expected === 'completed') {
      expect(expectGapless(job)).toBe(3_000);
    } else {
      expect(job.job.error).toMatchObject({
        code: 'cluster.snapshot_lost',
        mend: expect.stringContaining('restore Redis'),
      });
      expect(expectGapless(job)).toBe(before);
    }
  });
});
