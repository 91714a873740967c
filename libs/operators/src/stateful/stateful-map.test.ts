import { describe, expect, it } from '@jest/globals';
import { type Batch, rowBatch, type SnapshotEntry, type Watermark, watermark } from '@millrace/engine';
import { verifyProcessor } from '@millrace/testing';
import type { Key } from '../contract/key.ts';
import { type Emit, statefulMap } from './stateful-map.ts';

interface Login {
  readonly user: string;
  readonly time: number;
}
const login = (user: string, time: number) => timed([{ user, time }]);
const timed = (rows: readonly Login[]): Batch =>
  rowBatch(
    rows,
    undefined,
    Float64Array.from(rows, ({ time }) => time),
  );

/** Number of a user's login, and when someone has not come back for 10 ms. */
const numbering = {
  keyOf: ({ user }: Login) => user,
  create: () => ({ count: 0 }),
  step(state: { count: number }, user: Key, _row: Login, _timeMs: number, emit: Emit) {
    state.count += 1;
    emit(`${user as string}${state.count}`);
  },
  evict: (state: { count: number }, user: Key, timeMs: number, emit: Emit) =>
    emit(`${user as string} left at ${timeMs} after ${state.count}`),
};

describe.each(['generated', 'interpreted'] as const)('a stateful map, %s', (mode) => {
  it('keeps a state for each key, through saves and restores', async () => {
    await verifyProcessor(statefulMap({ ...numbering, mode }))
      .input([login('a', 1), login('b', 2), watermark(3), login('a', 4), login('a', 900)])
      .expectOutput(['a1', 'b1', watermark(3), 'a2', 'a3']);
  });

  it('forgets a key after its time to live and says so, in the order of time and key', async () => {
    await verifyProcessor(statefulMap({ ...numbering, ttlMs: 10, mode }))
      .input([login('b', 1), login('a', 1), login('c', 0), login('c', 5), watermark(11), login('b', 12), watermark(40)])
      .expectOutput([
        'b1',
        'a1',
        'c1',
        'c2',
        'a left at 11 after 1',
        'b left at 11 after 1',
        watermark(11),
        'b1',
        'c left at 15 after 2',
        'b left at 22 after 1',
        watermark(40),
      ]);
  });

  it('begins anew when a row comes after the time to live and before the watermark', async () => {
    await verifyProcessor(statefulMap({ ...numbering, ttlMs: 10, mode }))
      .input([login('a', 1), login('a', 30), watermark(30)])
      .expectOutput(['a1', 'a left at 11 after 1', 'a1', watermark(30)]);
  });

  it('counts a fixed time to live from the first row', async () => {
    await verifyProcessor(statefulMap({ ...numbering, evict: undefined, ttlMs: 10, isTtlFixed: true, mode }))
      .input([login('a', 1), login('a', 9), login('a', 11), watermark(12), login('a', 13)])
      .expectOutput(['a1', 'a2', 'a1', watermark(12), 'a2']);
  });

  it('has one state without a key, and reads rows without event times', async () => {
    const total = {
      create: () => ({ sum: 0 }),
      step: (state: { sum: number }, _key: unknown, n: number, _timeMs: number, emit: Emit) => {
        state.sum += n;
        emit(state.sum);
      },
    };
    await verifyProcessor(statefulMap({ ...total, mode }))
      .input([1, 2, 3])
      .expectOutput([1, 3, 6]);
  });
});

/** One instance whose output is thrown away. */
function opened(saved: readonly SnapshotEntry[], options = {}) {
  const processor = statefulMap({ ...numbering, ttlMs: 1_000_000, ...options })({
    globalIndex: 0,
    totalParallelism: 1,
  });
  const rows: unknown[] = [];
  void processor.init!({
    outbox: {
      edgeCount: 1,
      offer: (item: Batch | Watermark) => rows.push(...(item.kind === 'rows' ? item.rows : [])) >= 0,
      offerTo: () => true,
    },
    clock: { monotonicMs: () => 0 },
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    globalIndex: 0,
    wake: () => undefined,
    vertex: 'logins',
    ...options,
  } as never);
  for (const entry of saved) processor.restoreSnapshot!(entry);
  return { processor, rows };
}

describe('the state of a stateful map', () => {
  const USERS = 5_000;
  const all = (time: number) => timed(Array.from({ length: USERS }, (_, n) => ({ user: `u${n}`, time })));

  it('is saved as of the barrier while keys change, leave and come', () => {
    const { processor } = opened([], { ttlMs: 10 });
    processor.process!(0, all(0));
    const entries: SnapshotEntry[] = [];
    const writer = { offer: (entry: SnapshotEntry) => entries.push(structuredClone(entry)) > 0 };
    processor.saveSnapshot!(1, writer);
    processor.process!(0, all(1));
    // All of them are forgotten in the middle of writing, and come back with others.
    expect(processor.writeSnapshot!(1, writer)).toBe(false);
    processor.processWatermark!(watermark(100));
    processor.process!(0, all(101));
    processor.process!(0, timed([{ user: 'new', time: 101 }]));
    let slices = 0;
    while (!processor.writeSnapshot!(1, writer)) slices += 1;
    expect(slices).toBeGreaterThan(1);

    const restored = opened(entries, { ttlMs: 10 });
    restored.processor.process!(0, all(2));
    restored.processor.process!(0, timed([{ user: 'new', time: 2 }]));
    expect(new Set(restored.rows)).toEqual(new Set([...Array.from({ length: USERS }, (_, n) => `u${n}2`), 'new1']));
  });

  it('has a limit', () => {
    const { processor } = opened([], { stateBytesMax: 100_000 });
    expect(() => processor.process!(0, all(0))).toThrow(
      expect.objectContaining({ message: expect.stringMatching('logins') }),
    );
  });

  it('must be plain data', () => {
    const { processor } = opened([], { create: () => ({ count: 0, look: () => 1 }) });
    processor.process!(0, all(0));
    processor.saveSnapshot!(1, { offer: () => true });
    expect(() => processor.writeSnapshot!(1, { offer: () => true })).toThrow(/cannot be saved/);
  });
});
