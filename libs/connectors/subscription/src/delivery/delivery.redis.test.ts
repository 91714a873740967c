import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { subscriptionSink } from '../connector.ts';
import { subscriptionKeys } from '../keys.ts';
import { TestInstance, TestProcess, until } from '../test-support/listening.ts';
import { WINDOW } from './attachment.ts';

const PARTITIONS = 8;
let url: string;
let process: TestProcess;

beforeAll(async () => {
  url = (await testRedis()).url;
  process = new TestProcess(url);
});
afterAll(() => process[Symbol.asyncDispose]());

function startSink(jobId: string, backlog = 100_000) {
  const { hostname: host, port } = new URL(url);
  const config = { host, port: Number(port) };
  return DrivenSink.start(subscriptionSink, { config, stage: { partitions: PARTITIONS, backlog }, job: { jobId } });
}

const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);

describe('the delivery of changes', () => {
  it('hands on what waits and what comes, in order of each key', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId);
    await sink.write(...insertBatches(0, 50));
    await using instance = new TestInstance(process, jobId, PARTITIONS);
    await until(() => instance.heard.length === 50);
    await sink.write(...insertBatches(50, 100));
    await until(() => instance.heard.length === 100);
    expect(ascending(instance.ids)).toEqual(numbers(0, 100));
    for (const partition of numbers(0, PARTITIONS)) {
      const ids = instance.ids.filter((_, index) => instance.heard[index]!.partition === partition);
      expect(ids).toEqual(ascending(ids));
    }
    expect(instance.schemas.size).toBe(1);
  });

  it('starts after what was acknowledged, and forgets that', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId);
    await sink.write(...insertBatches(0, 50));
    {
      await using first = new TestInstance(process, jobId, PARTITIONS);
      await until(() => first.heard.length === 50);
      await first.acknowledge([], true);
    }
    await sink.write(...insertBatches(50, 70));
    await using next = new TestInstance(process, jobId, PARTITIONS);
    await until(() => next.heard.length >= 20);
    expect(ascending(next.ids)).toEqual(numbers(50, 70));
    expect(await process.delivery.of(jobId, PARTITIONS).figures()).toEqual({ waiting: 20, instances: 1 });
  });

  it('spreads the partitions over instances of several processes, and moves them when one joins, leaves or dies', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId);
    await using other = new TestProcess(url);
    await using first = new TestInstance(process, jobId, PARTITIONS);
    await until(() => first.leases.size === PARTITIONS);
    const second = new TestInstance(other, jobId, PARTITIONS);
    await until(() => first.revocations.length === PARTITIONS / 2);
    await sink.write(...insertBatches(0, 100));
    // Nothing new comes from a partition that is to be given back.
    expect(second.leases.size).toBe(0);
    await first.release();
    await until(() => second.leases.size === PARTITIONS / 2);
    await until(() => first.heard.length + second.heard.length === 100);
    expect(ascending([...first.ids, ...second.ids])).toEqual(numbers(0, 100));
    // Dies without a word: what it had not acknowledged comes to the other.
    await first.acknowledge();
    await second[Symbol.asyncDispose]();
    await until(() => first.leases.size === PARTITIONS);
    await until(() => new Set(first.ids).size === 100);
    expect((await second.acknowledge()).lost.length).toBeGreaterThan(0);
  });

  it('hands no more to an instance than it can keep up with', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId);
    await sink.write(...insertBatches(0, 2 * WINDOW));
    await using instance = new TestInstance(process, jobId, PARTITIONS);
    await until(() => instance.heard.length >= WINDOW);
    expect(instance.heard.length).toBeLessThan(2 * WINDOW);
    while (instance.heard.length < 2 * WINDOW) {
      await instance.acknowledge();
      await until(() => true);
    }
    expect(ascending(instance.ids)).toEqual(numbers(0, 2 * WINDOW));
  });

  it('lets the job wait while the backlog is full, and its snapshots pass', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId, 30);
    await sink.write(...insertBatches(0, 200));
    await sink.snapshot(1);
    const waiting = Number(await process.redis.hget(subscriptionKeys(jobId).meta, 'waiting'));
    expect(waiting).toBeGreaterThanOrEqual(30);
    expect(waiting).toBeLessThan(200);
    await using instance = new TestInstance(process, jobId, PARTITIONS);
    await until(async () => {
      await instance.acknowledge();
      return instance.heard.length === 200;
    });
    expect(ascending(instance.ids)).toEqual(numbers(0, 200));
  });

  it('puts a dead letter back once for each attempt', async () => {
    const jobId = ulids.next();
    await using sink = await startSink(jobId);
    await sink.write(...insertBatches(0, 1));
    await using instance = new TestInstance(process, jobId, PARTITIONS);
    await until(() => instance.heard.length === 1);
    const { partition, number } = instance.heard[0]!;
    const { epoch } = instance.leases.get(partition)!;
    const shared = process.delivery.of(jobId, PARTITIONS);
    const found = await shared.find(instance.name, { partition, epoch, number });
    expect(found).toMatchObject({ record: { op: 'c', after: { id: '0' }, schema: { id: 'public.orders' } } });
    expect(await shared.find('another', { partition, epoch, number })).toBeUndefined();
    const letter = { number, attempts: 5 };
    for (let times = 0; times < 2; times++) await shared.replay(partition, letter, found!.record);
    await shared.replay(partition, { number, attempts: 6 }, found!.record);
    await until(() => instance.heard.length === 3);
    const again = { partition, epoch, number: instance.heard[1]!.number };
    expect(await shared.find(instance.name, again)).toMatchObject({ letter });
  });
});
