import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { ChangeFeed, type TestEvent, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('jdbc');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

let count = 0;
const shape = () => tableSchema(`public.t${count++}`, { '*id': 'integer', v: 'text' });
const create = (schema: ReturnType<typeof shape>, id: number, v: string | null): TestEvent => ({
  op: 'Create',
  schema,
  after: { id: `${id}`, v },
});

describe('a refused row at PostgreSQL', () => {
  it('is found among many, also by a trigger, a null key, and a byte PostgreSQL has no text for', async () => {
    const schema = shape();
    await database.query(`create table ${schema.id} (id integer primary key, v text);
      create function refuse_${schema.table}() returns trigger language plpgsql as $$ begin
        if new.v = 'evil' then raise exception 'no evil'; end if; return new; end $$;
      create trigger refuse before insert or update on ${schema.id} for each row execute function refuse_${schema.table}()`);
    const cases: readonly (readonly [TestEvent, string, string | null])[] = [
      [create(schema, 777, 'evil'), 'no evil', '777'],
      [create(schema, 777, 'nul\0'), '0x00', '777'],
      [{ op: 'Create', schema, after: { id: null, v: 'x' } }, 'the key column "id" is null', null],
    ];
    for (const [index, [bad, message, key]] of cases.entries()) {
      const sink = await startSink(database.connection, { jobId: `among${index}` });
      const events = Array.from({ length: 1_000 }, (_, id) => create(schema, id, 'fine'));
      events[777] = bad;
      await sink.write(...new ChangeFeed().transaction(16n, events).take());
      expect(await sink.failure).toMatchObject({
        code: { code: 'jdbc.row_refused' },
        message: expect.stringContaining(message),
        details: { key: { id: key }, index: 777 },
      });
      await sink.close();
    }
    expect(await database.query(`select count(*)::int from ${schema.id}`)).toEqual([{ count: 0 }]);
  });

  it('is found where a deferred constraint speaks up at the commit', async () => {
    const schema = shape();
    await database.query(`create table ${schema.id} (id integer primary key, v text);
      create table ${schema.table}_parent (v text primary key); insert into ${schema.table}_parent values ('a');
      alter table ${schema.id} add foreign key (v) references ${schema.table}_parent deferrable initially deferred`);
    const sink = await startSink(database.connection, { jobId: 'deferred' });
    const feed = new ChangeFeed()
      .transaction(16n, [create(schema, 1, 'a')])
      .transaction(32n, [create(schema, 2, 'a'), create(schema, 3, 'orphan')]);
    await sink.write(...feed.take());
    expect(await sink.failure).toMatchObject({
      code: { code: 'jdbc.row_refused' },
      details: { key: { id: '3' }, index: 1 },
    });
    expect(await database.query(`select * from ${schema.id}`)).toEqual([{ id: 1, v: 'a' }]);
    await sink.close();
  });

  it('is named by its key only: no other value of it is in the message', async () => {
    const table = tableSchema(`public.t${count++}`, { '*id': 'integer', v: 'text', n: 'text' });
    await database.query(`create table ${table.id} (id integer primary key, v text unique, n integer not null check (n < 10));
      insert into ${table.id} values (1, 'secret', 1)`);
    const cases = [
      [{ id: '2', v: 'secret', n: '1' }, 'Key (v) already exists'],
      [{ id: '2', v: 'secret 2', n: null }, 'violates not-null constraint'],
      [{ id: '2', v: 'secret 2', n: '77' }, 'violates check constraint'],
      [{ id: '2', v: 'x', n: 'secret' }, 'invalid input syntax for type integer'],
    ] as const;
    for (const [index, [after, words]] of cases.entries()) {
      const sink = await startSink(database.connection, { jobId: `quiet${index}` });
      await sink.write(...new ChangeFeed().transaction(16n, [{ op: 'Create', schema: table, after }]).take());
      const failure = (await sink.failure) as Error;
      expect(failure).toMatchObject({ code: { code: 'jdbc.row_refused' }, message: expect.stringContaining(words) });
      expect(failure.message).not.toMatch(/secret|77/);
      await sink.close();
    }
  });
});
