import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jdbcSink } from './index.ts';
import { ChangeFeed, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { resolved, startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;
const shape = () => tableSchema(`public.o${count++}`, { '*id': 'integer', name: 'text', big: 'text' });
type Shape = ReturnType<typeof shape>;
const create = (schema: Shape, id: string, name: string): TestEvent => ({
  op: 'Create',
  schema,
  after: { id, name, big: `big ${name}` },
});
const remove = (schema: Shape, id: string): TestEvent => ({ op: 'Delete', schema, before: { id } });
const keyChange = (schema: Shape, from: string, to: string, name: string): readonly TestEvent[] => [
  { op: 'Delete', schema, before: { id: from }, keyChange: true },
  { op: 'Create', schema, before: { id: from }, after: { id: to, name, big: UNSENT }, keyChange: true },
];

describe.each(TARGETS)('options at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  /** Writes each list of events as a transaction of its own, one after the other. */
  async function write(stage: Readonly<Record<string, unknown>>, ...transactions: readonly (readonly TestEvent[])[]) {
    const sink = await startSink(target.connection, { jobId: `options${count++}`, stage });
    try {
      for (const [index, events] of transactions.entries()) {
        await sink.write(...new ChangeFeed().transaction(BigInt(index + 1) * 16n, events).take());
        await sink.complete();
      }
    } finally {
      await sink.close();
    }
  }

  const marked = async (table: string, marker = '_deleted') => {
    const rows = await target.query(`select * from ${table} order by id`);
    return rows.map((row) => [Number(row['id']), row['name'], row['big'], Boolean(Number(row[marker]))]);
  };

  it('deletes: mark keeps deleted and truncated rows with a marker, also where a key changes', async () => {
    const schema = shape();
    await write(
      { deletes: 'mark' },
      [create(schema, '1', 'a'), create(schema, '2', 'b'), create(schema, '3', 'c'), create(schema, '4', 'd')],
      [remove(schema, '1'), remove(schema, '2'), ...keyChange(schema, '3', '33', 'moved')],
      [create(schema, '2', 'again'), { op: 'Update', schema, after: { id: '4', name: 'D', big: UNSENT } }],
    );
    expect(await marked(schema.table)).toEqual([
      [1, 'a', 'big a', true],
      [2, 'again', 'big again', false],
      [3, 'c', 'big c', true],
      [4, 'D', 'big d', false],
      [33, 'moved', 'big c', false],
    ]);
    await write({ deletes: 'mark' }, [{ op: 'Truncate', schema }, create(schema, '5', 'e')]);
    expect((await marked(schema.table)).map(([id, , , isDeleted]) => [id, isDeleted])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, true],
      [5, false],
      [33, true],
    ]);
  });

  it('deletedColumn names the marker; it is added to a table that lacks it', async () => {
    const schema = shape();
    await write({}, [create(schema, '1', 'a')]);
    await write({ deletes: 'mark', deletedColumn: 'gone' }, [create(schema, '2', 'b'), remove(schema, '1')]);
    expect(await marked(schema.table, 'gone')).toEqual([
      [1, 'a', 'big a', true],
      [2, 'b', 'big b', false],
    ]);
  });

  it('mode: insert-only adds new rows and never touches them again', async () => {
    const schema = shape();
    await write(
      { mode: 'insert-only' },
      [create(schema, '1', 'first'), create(schema, '2', 'b')],
      [
        { op: 'Update', schema, after: { id: '1', name: 'changed', big: 'x' } },
        remove(schema, '2'),
        create(schema, '2', 'second life'),
        ...keyChange(schema, '1', '11', 'moved'),
        create(schema, '3', 'c'),
        create(schema, '3', 'c again'),
      ],
      [{ op: 'Truncate', schema }],
    );
    expect(await target.query(`select id, name from ${schema.table} order by id`)).toEqual([
      { id: 1, name: 'first' },
      { id: 2, name: 'b' },
      { id: 3, name: 'c' },
    ]);
  });

  it('columns renames and leaves out', async () => {
    const schema = shape();
    const stage = { columns: { id: 'item_id', big: false } };
    await write(
      stage,
      [create(schema, '1', 'a'), create(schema, '2', 'b')],
      [{ op: 'Update', schema, after: { id: '1', name: 'A', big: UNSENT } }, remove(schema, '2')],
    );
    expect(await target.query(`select * from ${schema.table}`)).toEqual([{ item_id: 1, name: 'A' }]);
    const check = (options: Readonly<Record<string, unknown>>) =>
      jdbcSink.checkStage(
        resolved(target.connection, { stage: options }),
        { tables: [schema] },
        new AbortController().signal,
      );
    expect(await check(stage)).toEqual([]);
    expect(await check({ columns: { id: false } })).toEqual([
      expect.objectContaining({ code: 'jdbc.key_unknown', pointer: '/columns' }),
    ]);
    for (const options of [{ columns: { big: 'name' } }, { deletes: 'mark', deletedColumn: 'big' }]) {
      expect(await check(options)).toEqual([expect.objectContaining({ code: 'jdbc.column_shared' })]);
    }
    expect(await check({ table: schema.table, columns: { nmae: 'x' } })).toEqual([
      expect.objectContaining({ code: 'jdbc.column_unknown', pointer: '/columns/nmae', mend: 'Did you mean "name"?' }),
    ]);
  });

  it('addColumns follows columns that the source has gained', async () => {
    const schema = shape();
    const wide = tableSchema(schema.id, { '*id': 'integer', name: 'text', big: 'text', at: 'date', n: 'bigint' });
    const row: TestEvent = {
      op: 'Create',
      schema: wide,
      after: { id: '2', name: 'b', big: null, at: '2026-11-28', n: '9007199254740993' },
    };
    await write({}, [create(schema, '1', 'a')], [create(schema, '3', 'c'), row]);
    const text = target.dialect === 'mysql' ? 'char' : 'text';
    expect(
      await target.query(`select cast(n as ${text}) as n, cast(at as ${text}) as at from ${schema.table} order by id`),
    ).toEqual([
      { n: null, at: null },
      { n: '9007199254740993', at: '2026-11-28' },
      { n: null, at: null },
    ]);
    const other = shape();
    await write({}, [create(other, '1', 'a')]);
    const gained = tableSchema(other.id, { '*id': 'integer', name: 'text', big: 'text', more: 'text' });
    const refused = write({ addColumns: false }, [{ op: 'Create', schema: gained, after: { id: '2' } }]);
    await expect(refused).rejects.toMatchObject({
      code: { code: 'jdbc.column_missing' },
      mend: expect.stringContaining('ADD COLUMN'),
    });
  });

  it('foreign keys hold when the source kept them, whatever order a batch would take', async () => {
    const parent = tableSchema(`public.parent${count}`, { '*id': 'integer' });
    const child = tableSchema(`public.child${count++}`, { '*id': 'integer', parent: 'integer' });
    await target.query(`create table ${parent.table} (id integer primary key);
      create table ${child.table} (id integer primary key, parent integer, foreign key (parent) references ${parent.table} (id)); select 1`);
    const put = (schema: Shape, after: Readonly<Record<string, string | null>>): TestEvent => ({
      op: 'Create',
      schema,
      after,
    });
    await write(
      {},
      [put(parent, { id: '1' }), put(child, { id: '1', parent: '1' }), put(parent, { id: '2' })],
      // The child comes first in the batch's order of tables, its parent after it.
      [
        { op: 'Update', schema: child, after: { id: '1', parent: '2' } },
        { op: 'Delete', schema: parent, before: { id: '1' } },
        put(parent, { id: '3' }),
        { op: 'Update', schema: child, after: { id: '1', parent: '3' } },
        put(child, { id: '2', parent: '2' }),
      ],
      [{ op: 'Truncate', schema: parent }, { op: 'Truncate', schema: child }, put(parent, { id: '9' })],
    );
    expect(await target.query(`select id from ${parent.table}`)).toEqual([{ id: 9 }]);
    expect(await target.query(`select id from ${child.table}`)).toEqual([]);
  });
});
