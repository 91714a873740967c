import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Refusals } from '@millrace/connector-contract';
import { type Batch, type Processor, type ProcessorContext, rowBatch } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';
import { verifyProcessor } from '@millrace/testing';
import { ArrayStore, gate } from '../test-support/letters.ts';
import type { LetterRequest } from './letter-store.ts';
import { refusingCalls } from './refusing-calls.ts';
import { refusingRows } from './refusing-rows.ts';

interface Reading {
  readonly id: number;
  readonly v: string;
}

const reading = (id: number, v: string): Reading => ({ id, v });
const parsed = ({ id, v }: Reading): string => {
  if (!/^\d+$/.test(v)) throw new Error(`no number: ${v}`);
  return `${id} ${v}`;
};
const rows = (refusals: Refusals): Processor =>
  refusingRows({ stage: 'parsed', row: { map: parsed }, keyOf: ({ id }: Reading) => id, refusals });
const calls = (refusals: Refusals): Processor =>
  refusingCalls(
    {
      stage: 'parsed',
      keyOf: ({ id }: Reading) => id,
      refusals,
      calls: {
        service: { create: () => undefined },
        call: async (_: unknown, row: Reading) => [parsed(row)],
        retries: 0,
      },
    },
    { globalIndex: 0, totalParallelism: 1 },
  );
const GIVEN = [
  rowBatch([reading(1, '10'), reading(2, 'two'), reading(3, '30')], undefined, Float64Array.of(1, 2, 3)),
  rowBatch([reading(2, '20'), reading(4, 'four')]),
];

let store: ArrayStore;
beforeEach(() => {
  store = new ArrayStore();
});
const told = () =>
  [...new Map(store.added.map((letter) => [letter.number, letter])).values()].map(
    ({ record, reason, isParked, rowKey }) => [
      record.after!['row'],
      record.after!['time_ms'],
      rowKey['key'],
      isParked,
      reason,
    ],
  );

describe.each([
  ['a function', rows, 'pipeline.function_failed'],
  ['a call', calls, 'operators.async_call_failed'],
])('rows that %s fails for', (_, make, reason) => {
  it('are set aside as JSON, with what follows of their key', async () => {
    await verifyProcessor(() => gate(make, { action: 'dead-letter', parkKeys: true }, store, false)(), {
      before: () => {
        store = new ArrayStore();
      },
      after: () => {
        expect(told()).toEqual([
          ['{"id":2,"v":"two"}', '2', '2', false, reason],
          ['{"id":2,"v":"20"}', null, '2', true, 'dead_letter.parked'],
          ['{"id":4,"v":"four"}', null, '4', false, reason],
        ]);
      },
    })
      .input(GIVEN)
      .expectOutput(['1 10', '3 30']);
  });

  it('come back as they were edited, under the same number when they fail again', async () => {
    let requests: LetterRequest[] = [];
    class Asked extends ArrayStore {
      override requests = async () => ({ requests: requests.splice(0), hasMore: false });
    }
    store = new Asked();
    const out: Batch[] = [];
    let look = (): void => {};
    const timer = (delayMs: number, ring: () => void) => {
      // Others are time limits of calls.
      if (delayMs === 1_000) look = ring;
      return () => {};
    };
    const failed: unknown[] = [];
    const context = {
      clock: { ...systemClock, timer },
      signal: new AbortController().signal,
      globalIndex: 0,
      totalParallelism: 1,
      guarantee: 'exactly-once',
      outbox: { edgeCount: 1, offer: (batch: Batch) => out.push(batch) > 0, offerTo: () => true },
      metrics: { add: () => {}, set: () => {}, observe: () => {} },
      wake: () => {},
      fail: (error: unknown) => failed.push(error),
    } as unknown as ProcessorContext;
    const processor = gate(make, { action: 'dead-letter' }, store, false)();
    const settle = async (): Promise<void> => {
      for (let turns = 0; turns < 20; turns++) {
        await systemClock.sleep(1, new AbortController().signal);
        processor.woken!();
      }
    };
    await processor.init!(context);
    await processor.restoreFinished!();
    processor.process!(0, GIVEN[0]!);
    await settle();
    const [letter] = store.added;
    const again = (row: string): LetterRequest => ({
      ...letter!,
      kind: 'replay',
      leavesOthers: false,
      record: { ...letter!.record, after: { ...letter!.record.after, row } },
    });
    for (const row of ['{"id":2,"v":"zwei"}', 'no JSON', '{"id":2,"v":"2"}']) {
      requests = [again(row)];
      look();
      await settle();
    }
    expect(failed).toEqual([]);
    expect(store.added.map((each) => [each.number, each.attempts, each.reason])).toEqual([
      [1, 1, reason],
      [1, 2, reason],
      [1, 2, 'pipeline.row_unreadable'],
    ]);
    const values = out.flatMap((batch) => (batch.kind === 'rows' ? [...batch.rows] : []));
    expect(values).toEqual(['1 10', '3 30', '2 2']);
    const last = out.at(-1)!;
    expect(last.kind === 'rows' && last.times?.[0]).toBe(2);
    await processor.close!();
  });
});

it('a row that is no data cannot be kept, and fails the stage', async () => {
  const bad = { call: () => 1 };
  const run = verifyProcessor(
    gate(
      (refusals) =>
        refusingRows({
          stage: 's',
          row: {
            map: () => {
              throw new Error('never');
            },
          },
          keyOf: undefined,
          refusals,
        }),
      { action: 'dead-letter' },
      store,
      false,
    ),
  )
    .input([rowBatch([bad])])
    .expectOutput([]);
  await expect(run).rejects.toThrow('cannot be kept');
});
