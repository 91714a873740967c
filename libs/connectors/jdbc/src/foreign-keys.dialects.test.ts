import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const family = ['grandparent', 'parent', 'child'].map((table) =>
  tableSchema(`public.${table}`, { '*id': 'integer', up: 'integer' }),
);
const [grandparent, parent, child] = family as [(typeof family)[0], (typeof family)[0], (typeof family)[0]];

describe.each(TARGETS)('tables with foreign keys at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
    await target.query('create table grandparent (id integer primary key, up integer)');
    for (const [table, up] of [
      ['parent', 'grandparent'],
      ['child', 'parent'],
    ])
      await target.query(
        `create table ${table} (id integer primary key, up integer, foreign key (up) references ${up} (id) on delete cascade on update cascade)`,
      );
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });
  const rows = async () => {
    const found: string[] = [];
    for (const table of ['grandparent', 'parent', 'child']) {
      const all = await target.query(`select id, up from ${table} order by id`);
      found.push(...all.map(({ id, up }) => `${table} ${String(id as number)} ${String(up as number)}`));
    }
    return found;
  };

  it('keep what hangs on a row that finds another parent before its own is deleted', async () => {
    const sink = await startSink(target.connection, { jobId: 'family' });
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [
          { op: 'Create', schema: grandparent, after: { id: '1', up: null } },
          { op: 'Create', schema: grandparent, after: { id: '2', up: null } },
          { op: 'Create', schema: parent, after: { id: '10', up: '1' } },
          { op: 'Create', schema: child, after: { id: '100', up: '10' } },
        ])
        .take(),
    );
    await sink.complete();
    await sink.write(
      ...new ChangeFeed()
        .transaction(32n, [{ op: 'Update', schema: parent, after: { id: '10', up: '2' } }])
        .transaction(48n, [{ op: 'Delete', schema: grandparent, before: { id: '1' } }])
        .take(),
    );
    await sink.complete();
    expect(await rows()).toEqual(['grandparent 2 null', 'parent 10 2', 'child 100 10']);
    // A parent whose key changes, with what the source's own cascade sends.
    await sink.write(
      ...new ChangeFeed()
        .transaction(64n, [
          { op: 'Delete', schema: parent, before: { id: '10' }, keyChange: true },
          { op: 'Create', schema: parent, after: { id: '11', up: '2' }, keyChange: true },
          { op: 'Update', schema: child, after: { id: '100', up: '11' } },
        ])
        .take(),
    );
    await sink.complete();
    expect(await rows()).toEqual(['grandparent 2 null', 'parent 11 2', 'child 100 11']);
    await sink.close();
  });
});
