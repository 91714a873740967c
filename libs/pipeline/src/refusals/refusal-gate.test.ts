import { describe, expect, it } from '@jest/globals';
import type { Refusals } from '@millrace/connector-contract';
import { type Batch, type Processor, type ProcessorContext, rowBatch } from '@millrace/engine';
import {
  type ChangeBatch,
  changeEvents,
  derivedSchema,
  encodeRows,
  isChangeBatch,
  recordOf,
  type TableSchema,
} from '@millrace/formats';
import { errorCode, MillraceError, systemClock } from '@millrace/kernel';
import { verifyProcessor } from '@millrace/testing';
import { checkKeys } from '../events/deduplicate-events.ts';
import { enrichEvents } from '../events/enrich-events.ts';
import { filterEvents } from '../events/filter-events.ts';
import { ModuleCalls } from '../events/module-calls.ts';
import { pickEvents } from '../events/pick-events.ts';
import { rowsOfEvents } from '../events/rows-of-events.ts';
import { selectEvents } from '../events/select-events.ts';
import { whereEvents } from '../events/where-events.ts';
import { ArrayStore, gate } from '../test-support/letters.ts';
import type { LetterRequest } from './letter-store.ts';
import { refusingTransform } from './refusing-transform.ts';

const schema: TableSchema = {
  ...derivedSchema('public', 'readings', [
    { name: 'id', kind: 'integer', sqlType: 'integer', key: true },
    { name: 'v', kind: 'text', sqlType: 'text' },
  ]),
  replicaIdentity: 'full',
};
const events = (...rows: readonly (readonly [id: number, v: string])[]): Batch =>
  encodeRows(
    schema,
    rows.map(([id, v]) => ({ id, v })),
    { receivedMs: 0 },
  );
const GIVEN = [events([1, '10'], [2, 'two'], [3, '30']), events([2, '20'], [4, 'four']), events([2, '21'], [5, '50'])];

const rowsOf = (batch: Batch): readonly unknown[] => {
  if (isChangeBatch(batch))
    return changeEvents(batch).map(({ after }) => (Object.values(after!) as (number | string)[]).join(' '));
  return batch.kind === 'rows' ? (batch.rows as { key: string[] }[]).map(({ key }) => key.join(' ')) : [];
};
const split = (batch: Batch): readonly Batch[] =>
  isChangeBatch(batch) ? Array.from({ length: batch.length }, (_, index) => pickEvents(batch, [index])) : [batch];

const named = (name: string, text: string) => ({ name, text, pointer: `/stages/parsed/select/${name}` });
const select = () => selectEvents([named('id', 'after.id'), named('value', 'after.v::int4')]);
const Late = errorCode('test.late', { domain: 'external', retry: 'after-repair', title: 'late' });

describe('a stage that goes on without records it cannot take', () => {
  it.each([
    ['select', select, ['1 10', '3 30', '2 20', '2 21', '5 50']],
    ['filter', () => filterEvents('after.v::int4 > 10', ''), ['3 30', '2 20', '2 21', '5 50']],
    ['where', () => whereEvents('id > 0 and v::int4 < 40', ''), ['1 10', '3 30', '2 20', '2 21']],
    ['deduplicate', () => checkKeys([named('k', 'after.v::int4')]), ['1 10', '3 30', '2 20', '2 21', '5 50']],
    ['aggregate', () => rowsOfEvents({ groups: [named('g', 'after.v::int4')] }), ['10', '30', '20', '21', '50']],
  ] as const)(
    'skips those that an expression of %s fails on, and keeps the order of the others',
    async (_, make, expected) => {
      await verifyProcessor(
        gate((refusals) => refusingTransform(make(), refusals)),
        { rowsOf, split },
      )
        .input(GIVEN)
        .expectOutput(expected);
    },
  );

  it('does not go on when the stage itself is wrong', async () => {
    const wrong = () => selectEvents([named('x', 'after.nothing')]);
    const run = verifyProcessor(
      gate((refusals) => refusingTransform(wrong(), refusals)),
      { rowsOf, split },
    )
      .input(GIVEN)
      .expectOutput([]);
    await expect(run).rejects.toThrow('nothing');
  });

  it('sets aside what comes later of the key of a record that was set aside', async () => {
    let store = new ArrayStore();
    await verifyProcessor(
      () =>
        gate((refusals) => refusingTransform(select(), refusals), { action: 'dead-letter', parkKeys: true }, store)(),
      {
        rowsOf,
        split,
        before: () => {
          store = new ArrayStore();
        },
        after: () => {
          // What was added after the last snapshot comes again in a new instance.
          const letters = new Map(store.added.map((letter) => [letter.number, letter]));
          expect(
            [...letters.values()].map(({ rowKey, isParked, reason }) => `${rowKey['id']} ${isParked} ${reason}`),
          ).toEqual([
            '2 false sql.invalid_text',
            '2 true dead_letter.parked',
            '4 false sql.invalid_text',
            '2 true dead_letter.parked',
          ]);
        },
      },
    )
      .input(GIVEN)
      .expectOutput(['1 10', '3 30', '5 50']);
  });

  it('tells why a call failed, and goes on with the other calls', async () => {
    const calls = (refusals: Refusals): Processor =>
      enrichEvents({
        keys: [named('v', 'after.v')],
        names: ['doubled'],
        isRepeated: false,
        refusals,
        open: async (_, { clock, signal }) =>
          new ModuleCalls({
            function: ({ v }) => {
              if (Number.isNaN(Number(v))) throw new Error(`no number: ${v}`);
              return { doubled: 2 * Number(v) };
            },
            parameters: ['v'],
            columns: [{ name: 'doubled', field: 0, kind: 'integer', sqlType: 'integer', key: false, nullable: true }],
            options: undefined,
            concurrency: 4,
            tellsFailures: true,
            attempts: { clock, signal, stage: 'parsed', retries: 1, backoffMs: 1, timeoutMs: 1_000 },
          }),
      })({ globalIndex: 0, totalParallelism: 1 });
    await verifyProcessor(gate(calls), { rowsOf, split })
      .input(GIVEN)
      .expectOutput(['1 10 20', '3 30 60', '2 20 40', '2 21 42', '5 50 100']);
  });

  it('finishes the batch under way before it gives the stage a letter that comes back', async () => {
    const [batch] = GIVEN;
    let requests: readonly LetterRequest[] = [];
    class Asked extends ArrayStore {
      override requests = async () => {
        const given = requests;
        requests = [];
        return { requests: given, hasMore: false };
      };
    }
    let look = (): void => {};
    let isFull = true;
    const out: unknown[] = [];
    const offer = (batch: Batch): boolean => {
      if (!isFull) out.push(...rowsOf(batch));
      return !isFull;
    };
    const processor = gate(
      (refusals) => refusingTransform(select(), refusals),
      { action: 'dead-letter' },
      new Asked(),
    )();
    const clock = {
      ...systemClock,
      timer: (_: number, ring: () => void) => {
        look = ring;
        return () => {};
      },
    };
    const context = { clock, totalParallelism: 1, guarantee: 'exactly-once', outbox: { edgeCount: 1, offer } };
    const quiet = {
      metrics: { add: () => {}, set: () => {}, observe: () => {} },
      wake: () => {},
      fail: (error: unknown) => out.push(error),
    };
    await processor.init!({ ...context, ...quiet } as unknown as ProcessorContext);
    await processor.restoreFinished!();
    expect(processor.process!(0, batch!)).toBe(false);
    requests = [
      {
        kind: 'replay',
        number: 9,
        attempts: 1,
        rowKey: { id: '7' },
        leavesOthers: false,
        record: recordOf(events([7, '70']) as ChangeBatch, 0),
      },
    ];
    look();
    await systemClock.sleep(1, new AbortController().signal);
    expect(processor.process!(0, batch!)).toBe(false);
    isFull = false;
    expect(processor.process!(0, batch!)).toBe(true);
    expect(out).toEqual(['1 10', '3 30', '7 70']);
    await processor.close!();
  });

  it('takes events back that a sink refuses only when their snapshot is committed, the last one too', async () => {
    const told: string[] = [];
    let requests: LetterRequest[] = [];
    class Told extends ArrayStore {
      override requests = async () => ({ requests: requests.splice(0), hasMore: false });
      override seal = async (snapshotId: number): Promise<void> => void told.push(`seal ${snapshotId}`);
    }
    const store = new Told();
    const notes: string[] = [];
    const processor = gate(
      (refusals) => ({
        process(_, batch) {
          for (let index = 0; index < batch.length; index++) notes.push(refusals.note(batch as ChangeBatch, index));
          return true;
        },
        snapshotCommit() {
          for (const note of notes.splice(0)) {
            const batch = refusals.recall(schema, note);
            refusals.refuse(batch, 0, new MillraceError(Late, { message: 'too late' }));
          }
        },
      }),
      { action: 'dead-letter', parkKeys: true },
      store,
    )();
    let look = (): void => {};
    const timer = (_: number, ring: () => void) => {
      look = ring;
      return () => {};
    };
    const context = { clock: { ...systemClock, timer }, totalParallelism: 1, guarantee: 'exactly-once' };
    const quiet = {
      metrics: { add: () => {}, set: () => {}, observe: () => {} },
      wake: () => {},
      fail: (error: unknown) => told.push(String(error)),
    };
    const turn = (): Promise<void> => systemClock.sleep(1, new AbortController().signal);
    const snapshot = async (snapshotId: number): Promise<void> => {
      while (!processor.snapshotPrepare!(snapshotId)) await turn();
      processor.saveSnapshot!(snapshotId, { offer: () => true });
      await processor.snapshotCommit!(snapshotId);
    };
    await processor.init!({ ...context, ...quiet } as unknown as ProcessorContext);
    await processor.restoreFinished!();
    processor.process!(0, events([1, 'one'], [2, 'two']));
    await snapshot(1);
    expect(told).toEqual([]);
    const [letter] = store.added;
    requests = [{ ...letter!, kind: 'replay', leavesOthers: false }];
    look();
    await turn();
    processor.woken!();
    await snapshot(2);
    expect(told).toEqual(['seal 2']);
    // Refused again it is the same letter.
    expect(processor.complete!()).toBe(true);
    await snapshot(3);
    expect(store.added.map(({ number, attempts, record }) => [number, attempts, record.after!['v']])).toEqual([
      [1, 1, 'one'],
      [2, 1, 'two'],
      [1, 2, 'one'],
    ]);
    expect(told).toEqual(['seal 2', 'seal 3']);
    processor.process!(0, events([3, 'three']));
    await snapshot(4);
    // No snapshot comes behind the last one.
    expect(told.at(-1)).toBe('seal 0');
    await processor.close!();
  });

  it('gives a source back what it could not read, between its own rows', async () => {
    let requests: LetterRequest[] = [];
    class Asked extends ArrayStore {
      override requests = async () => ({ requests: requests.splice(0), hasMore: false });
    }
    const seen: string[] = [];
    let look = (): void => {};
    const timer = (_: number, ring: () => void) => {
      look = ring;
      return () => {};
    };
    const inner = (): Processor => ({
      process: (_, batch) => seen.push(...(rowsOf(batch) as string[])) > 0,
      complete: () => seen.push('own') > 2,
      snapshotReady: (snapshotId) => snapshotId === 2,
    });
    const processor = gate(inner, { action: 'dead-letter' }, new Asked(), false, true)();
    const context = { clock: { ...systemClock, timer }, totalParallelism: 1, guarantee: 'exactly-once' };
    const quiet = { metrics: { add: () => {}, set: () => {} }, wake: () => {}, fail: () => {} };
    await processor.init!({ ...context, ...quiet } as unknown as ProcessorContext);
    await processor.restoreFinished!();
    // The engine gives a source nothing.
    expect(processor).toMatchObject({ process: undefined, woken: undefined, processWatermark: undefined });
    expect([processor.snapshotReady!(1), processor.snapshotReady!(2)]).toEqual([false, true]);
    expect(processor.complete!()).toBe(false);
    const record = recordOf(events([7, '70']) as ChangeBatch, 0);
    requests = [{ kind: 'replay', number: 9, attempts: 1, rowKey: {}, leavesOthers: false, record }];
    look();
    await systemClock.sleep(1, new AbortController().signal);
    expect(processor.complete!()).toBe(true);
    expect(seen).toEqual(['own', '7 70', 'own']);
    await processor.close!();
  });

  it('leaves rows that are no change events alone', async () => {
    const inner = (): Processor => {
      let offer: (batch: Batch) => boolean;
      return {
        init({ outbox }) {
          offer = (batch) => outbox.offer(batch);
        },
        process: (_, batch) => offer(batch),
      };
    };
    await verifyProcessor(gate(inner))
      .input([rowBatch([{ a: 1 }])])
      .expectOutput([{ a: 1 }]);
  });

  it('says so where there is no place for letters', () => {
    const make = gate((refusals) => refusingTransform(select(), refusals), { action: 'dead-letter' });
    expect(make).toThrow(
      expect.objectContaining({ code: expect.objectContaining({ code: 'pipeline.no_letter_store' }) }),
    );
  });

  it('fails when the store does', async () => {
    const Away = errorCode('test.away', { domain: 'external', retry: 'later', title: 'away' });
    class Broken extends ArrayStore {
      override add = async (): Promise<void> => {
        throw new MillraceError(Away, { message: 'the store is away' });
      };
    }
    const inner = (refusals: Refusals) => refusingTransform(select(), refusals);
    const run = verifyProcessor(gate(inner, { action: 'dead-letter' }, new Broken()), { rowsOf, split })
      .input(GIVEN)
      .expectOutput([]);
    await expect(run).rejects.toThrow('the store is away');
  });
});
