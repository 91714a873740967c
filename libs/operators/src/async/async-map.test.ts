import { describe, expect, it } from '@jest/globals';
import { type Batch, rowBatch, watermark } from '@millrace/engine';
import { type Clock, systemClock } from '@millrace/kernel';
import { verifyProcessor } from '@millrace/testing';
import { type AsyncMapOptions, asyncMap } from './async-map.ts';
import { cachedLookup } from './cached-lookup.ts';
import { serviceMap } from './service-map.ts';

const at = (n: number, timeMs = n): Batch => rowBatch([n], undefined, Float64Array.of(timeMs));

/** Answers after so many turns of the event loop as the row says. */
const slowly = async (_service: unknown, n: number): Promise<Iterable<unknown>> => {
  for (let turn = 0; turn < n % 10; turn++) await new Promise(setImmediate);
  return [`#${n}`];
};
const noService = { create: () => undefined };
const map = (options: Partial<AsyncMapOptions> = {}) =>
  asyncMap({ service: noService, call: slowly, concurrency: 4, ...options });

describe.each(['generated', 'interpreted'] as const)('an asynchronous map, %s', (mode) => {
  it('gives results in the order of the rows, with their event times, through saves and restores', async () => {
    await verifyProcessor(map({ mode }))
      .input([at(9), at(1), at(5), watermark(9), at(3, 10), at(0, 11)])
      .expectOutput(['#9', '#1', '#5', watermark(9), '#3', '#0']);
  });

  it('reads batches larger than what may be under way', async () => {
    const rows = Array.from({ length: 100 }, (_, n) => n);
    await verifyProcessor(map({ mode }))
      .input(rows)
      .expectOutput(rows.map((n) => `#${n}`));
  });

  it('without order gives them as they come, never across a watermark', async () => {
    const seen: string[] = [];
    await verifyProcessor(map({ mode, isOrdered: false }), {
      // Within a watermark every order is right.
      equals: (actual, expected) => {
        if (typeof actual === 'string') seen.push(actual);
        return typeof actual === typeof expected;
      },
      after: () => undefined,
    })
      .input([at(9), at(1), watermark(9), at(3, 10)])
      .expectOutput(['', '', watermark(9), '']);
    expect(new Set(seen)).toEqual(new Set(['#9', '#1', '#3']));
    for (let run = 0; run < seen.length; run += 3) expect(seen[run + 2]).toBe('#3');
  });

  it('can make several rows of one, or none', async () => {
    const call = async (_service: unknown, n: number) => Array.from({ length: n }, () => n);
    await verifyProcessor(map({ mode, call })).input([2, 0, 3]).expectOutput([2, 2, 3, 3, 3]);
  });
});

describe('a call that fails', () => {
  it('is repeated', async () => {
    const failed = new Set<number>();
    const call = async (_service: unknown, n: number) => {
      if (failed.has(n)) return [n];
      failed.add(n);
      throw new Error('busy');
    };
    await verifyProcessor(map({ call, backoffMs: 1 }))
      .input([1, 2, 3])
      .expectOutput([1, 2, 3]);
    expect(failed.size).toBe(3);
  });

  it('fails the job after the last attempt, and says what it was', async () => {
    const call = async () => {
      throw new Error('no route to host');
    };
    const run = verifyProcessor(map({ call, retries: 1, backoffMs: 1 }))
      .input([1])
      .expectOutput([]);
    await expect(run).rejects.toMatchObject({
      cause: {
        code: { code: 'operators.async_call_failed' },
        message: expect.stringMatching(/verified failed 2 times, .*no route to host/),
      },
    });
  });

  it('has a time limit, and hears of it', async () => {
    let aborted = 0;
    const call = (_service: unknown, _row: unknown, signal: AbortSignal) =>
      new Promise<never>(() => signal.addEventListener('abort', () => (aborted += 1)));
    const run = verifyProcessor(map({ call, timeoutMs: 2, retries: 0 }))
      .input([1])
      .expectOutput([]);
    await expect(run).rejects.toMatchObject({ cause: { message: expect.stringMatching(/no answer within 2 ms/) } });
    expect(aborted).toBe(1);
  });
});

it('a service is made for each instance and destroyed at the end', async () => {
  const log: string[] = [];
  const service = { create: () => log.push('create'), destroy: () => void log.push('destroy') };
  await verifyProcessor(map({ service }), { restarts: false }).input([1]).expectOutput(['#1']);
  expect(log.slice(0, 2)).toEqual(['create', 'destroy']);
  expect(log.filter((each) => each === 'create').length).toBe(log.length / 2);
});

it('a service that answers at once is a stage as well', async () => {
  const service = { create: async () => ({ suffix: '!' }) };
  const map = (own: { suffix: string }, row: string) => [row + own.suffix];
  await verifyProcessor(serviceMap({ service, map }))
    .input(['a', watermark(1), 'b'])
    .expectOutput(['a!', watermark(1), 'b!']);
});

describe('a look-up with a cache', () => {
  const counting = (clock: Partial<Clock> = {}, ttlMs = 1_000) => {
    const asked: unknown[] = [];
    const lookup = cachedLookup(
      async (key) => {
        asked.push(key);
        await new Promise(setImmediate);
        if (key === 'bad') throw new Error('gone');
        return key === 'none' ? undefined : `value of ${key as string}`;
      },
      { entries: 2, ttlMs },
      { ...systemClock, ...clock },
    );
    return { asked, find: (key: never) => lookup(key, new AbortController().signal) };
  };

  it('asks once for a key, also for several at a time and for one without a value', async () => {
    const { asked, find } = counting();
    expect(await Promise.all([find('a' as never), find('a' as never)])).toEqual(['value of a', 'value of a']);
    expect([await find('none' as never), await find('none' as never), await find('a' as never)]).toEqual([
      undefined,
      undefined,
      'value of a',
    ]);
    expect(asked).toEqual(['a', 'none']);
    expect(await find(null as never)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it('asks again after the time to live, for keys that were pushed out, and after a failure', async () => {
    let now = 5;
    const { asked, find } = counting({ monotonicMs: () => now }, 10);
    await find('a' as never);
    now = 16;
    await find('a' as never);
    await find('b' as never);
    await find('c' as never);
    await find('a' as never);
    expect(asked).toEqual(['a', 'a', 'b', 'c', 'a']);
    await expect(find('bad' as never)).rejects.toThrow('gone');
    await expect(find('bad' as never)).rejects.toThrow('gone');
    expect(asked.slice(5)).toEqual(['bad', 'bad']);
  });
});
