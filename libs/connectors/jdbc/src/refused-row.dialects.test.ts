import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed, type TestEvent, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const TRANSACTIONS = 40;
const ROWS_EACH = 50;
const BAD = { transaction: 23, row: 17 };

/** Too large for an integer; SQLite takes it, but has no NaN. */
const BAD_ROW = { postgres: { n: '99999999999' }, mysql: { n: '99999999999' }, sqlite: { f: 'NaN' } };

describe.each(TARGETS)('at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  it.each(['upsert', 'insert-only', 'append'])('one refused row among many is found, mode %s', async (mode) => {
    const table = `refused_${mode.replace('-', '_')}`;
    const schema = tableSchema(`public.${table}`, { '*id': 'integer', n: 'integer', f: 'double precision' });
    const sink = await startSink(target.connection, { jobId: mode, stage: { mode } });
    const feed = new ChangeFeed();
    for (let transaction = 0; transaction < TRANSACTIONS; transaction++) {
      const events = Array.from({ length: ROWS_EACH }, (__, row): TestEvent => {
        const isBad = transaction === BAD.transaction && row === BAD.row;
        const after = {
          id: `${transaction * ROWS_EACH + row}`,
          n: '1',
          f: '1.5',
          ...(isBad ? BAD_ROW[target.dialect] : {}),
        };
        return { op: 'Create', schema, after };
      });
      feed.transaction(BigInt(transaction + 1) * 16n, events);
    }
    // All of it waits when the first write begins.
    const writing = sink.write(...feed.take());
    expect(await sink.failure).toMatchObject({
      code: { code: 'jdbc.row_refused' },
      details: {
        key: { id: `${BAD.transaction * ROWS_EACH + BAD.row}` },
        index: BAD.row,
        commitLsn: '0/180',
      },
    });
    await writing.catch(() => {});
    await sink.close();
    if (mode === 'append') return;
    // What was committed before it at the source is there, and nothing of its transaction.
    const [{ count }] = (await target.query(`select count(*) as count from ${table}`)) as [{ count: unknown }];
    expect(Number(count)).toBe(BAD.transaction * ROWS_EACH);
  });
});
