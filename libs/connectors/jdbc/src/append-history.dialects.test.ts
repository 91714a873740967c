import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import fc from 'fast-check';
import { ChangeFeed, type TestEvent, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

/** Events of each transaction, by table. */
const history = fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });
/**
 * What happens after each pair of transactions: nothing, a snapshot, a snapshot whose commit record is written and then the execution is
 * killed before phase two, a snapshot without a record, or a kill.
 */
const course = fc.record({
  batchRows: fc.integer({ min: 2, max: 9 }),
  moves: fc.array(fc.constantFrom('go', 'snapshot', 'recorded', 'prepared', 'kill'), { maxLength: 10 }),
});

describe.each(TARGETS)('append at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  it('has each change once, in order, whatever is killed', async () => {
    let run = 0;
    const property = fc.asyncProperty(history, course, async (transactions, { batchRows, moves }) => {
      run += 1;
      const jobId = `history${run}`;
      const schemas = [0, 1, 2].map((table) => tableSchema(`public.h${run}_${table}`, { '*id': 'integer', v: 'text' }));
      const expected = schemas.map((): number[] => []);
      let id = 0;
      const source = transactions.map((tables) =>
        tables.map((table): TestEvent => {
          expected[table]!.push(id);
          return { op: 'Create', schema: schemas[table]!, after: { id: `${id++}`, v: 'x' } };
        }),
      );
      const stage = { mode: 'append', changeColumns: false };
      let generation = 1;
      let record: { id: number; state: readonly SnapshotEntry[]; next: number } = { id: 1, state: [], next: 0 };
      const runners = [await startSink(target.connection, { jobId, generation, stage })];
      record = { ...record, state: await runners[0]!.prepare(1) };
      await runners[0]!.commit(1);
      let next = 0;
      for (const move of [...moves, 'end'] as const) {
        const runner = runners.at(-1)!;
        const upTo = move === 'end' ? source.length : Math.min(source.length, next + 2);
        const feed = new ChangeFeed(batchRows);
        for (; next < upTo; next++) feed.transaction(BigInt(next + 1) * 16n, source[next]!);
        await runner.write(...feed.take());
        if (move === 'go') continue;
        if (move !== 'kill') {
          const state = await runner.prepare(record.id + 1);
          if (move !== 'prepared') record = { id: record.id + 1, state, next };
          if (move === 'snapshot' || move === 'end') {
            await runner.commit(record.id);
            continue;
          }
        }
        // Nobody closes it: it goes on as a zombie, with a write under way.
        generation += 1;
        const { id: restored, state } = record;
        runners.push(await startSink(target.connection, { jobId, generation, stage, restored, state }));
        next = record.next;
      }
      const found: number[][] = [];
      for (const { table } of schemas) {
        const rows = await target.query(`select id from ${table}`).catch(() => []);
        found.push(rows.map((row) => Number(row['id'])));
      }
      for (const runner of runners) await runner.close();
      expect(found).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 25 });
  });
});
