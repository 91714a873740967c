import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FLAG_KEY_CHANGE } from '@millrace/formats';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { UNCHANGED } from '../test-support/readable-events.ts';
import { StreamProbe } from '../test-support/stream-probe.ts';

const BIG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)";

describe('the change stream', () => {
  let database: TestDatabase;
  let probe: StreamProbe;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('stream');
    await database.query(`
      CREATE TABLE plain (id int PRIMARY KEY, name text, note text);
      CREATE TABLE pair (a int, b text, v int, PRIMARY KEY (a, b));
      CREATE TABLE whole (id int PRIMARY KEY, big text, v int);
      ALTER TABLE whole REPLICA IDENTITY FULL;
      ALTER TABLE whole ALTER big SET STORAGE EXTERNAL;
      CREATE TABLE toasted (id int PRIMARY KEY, big text, v int);
      ALTER TABLE toasted ALTER big SET STORAGE EXTERNAL;
      CREATE TABLE indexed (id int PRIMARY KEY, code text NOT NULL, v int);
      CREATE UNIQUE INDEX indexed_code ON indexed (code);
      ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_code;
      CREATE TABLE keyless (v int);
      ALTER TABLE keyless REPLICA IDENTITY FULL;
      CREATE TABLE mute (id int PRIMARY KEY, v int);
      ALTER TABLE mute REPLICA IDENTITY NOTHING;
      CREATE TABLE parent (id int PRIMARY KEY);
      CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent);
      CREATE SCHEMA "Größe ""x"".y";
      CREATE TABLE "Größe ""x"".y"."Tab'le 1" ("Ключ" int PRIMARY KEY, "a""b" text);
    `);
    probe = await StreamProbe.open(database);
  });

  afterAll(async () => {
    await probe?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  it('gives inserts, updates and deletes of a transaction in order, with their positions', async () => {
    const events = await probe.changes(
      "BEGIN; INSERT INTO plain VALUES (1, 'a', NULL), (2, '', 'x'); UPDATE plain SET name = 'b' WHERE id = 1; DELETE FROM plain WHERE id = 2; COMMIT",
    );
    expect(events.map(({ op, before, after, index, flags }) => ({ op, before, after, index, flags }))).toEqual([
      { op: 'c', before: undefined, after: { id: '1', name: 'a', note: null }, index: 0, flags: 0 },
      { op: 'c', before: undefined, after: { id: '2', name: '', note: 'x' }, index: 1, flags: 0 },
      { op: 'u', before: undefined, after: { id: '1', name: 'b', note: null }, index: 2, flags: 0 },
      { op: 'd', before: { id: '2', name: null, note: null }, after: undefined, index: 3, flags: 0 },
    ]);
    expect(new Set(events.map((event) => event.commitLsn)).size).toBe(1);
  });

  it('leaves rolled back work out', async () => {
    const events = await probe.changes(
      "BEGIN; INSERT INTO plain VALUES (10, 'kept', NULL); SAVEPOINT s; INSERT INTO plain VALUES (11, 'gone', NULL); ROLLBACK TO s; COMMIT; BEGIN; DELETE FROM plain; ROLLBACK",
    );
    expect(events.map((event) => [event.op, event.after?.['id']])).toEqual([['c', '10']]);
  });

  it('marks transactions complete exactly when their last event has been given', async () => {
    await probe.changes(
      "BEGIN; INSERT INTO plain SELECT i, 'n', NULL FROM generate_series(1000, 3999) i; COMMIT; INSERT INTO plain VALUES (4000, 'next', NULL)",
    );
    const batches = probe.batches.filter((batch) => batch.length > 0).slice(-4);
    const last = probe.batches.at(-1)!;
    expect(last.transactions.every((transaction) => transaction.complete)).toBe(true);
    for (const batch of batches) {
      expect(batch.transactions.filter((transaction) => !transaction.complete).length).toBeLessThanOrEqual(1);
      expect(batch.transactions.slice(0, -1).every((transaction) => transaction.complete)).toBe(true);
    }
    expect(
      probe.batches.filter((batch) => batch.transactions.some((transaction) => !transaction.complete)).length,
    ).toBeGreaterThan(0);
  });

  it('makes a delete and a create of a changed key, also of one column of several', async () => {
    await probe.changes("INSERT INTO pair VALUES (1, 'x', 5)");
    const events = await probe.changes("UPDATE pair SET b = 'y', v = 6");
    expect(events.map(({ op, before, after, index, flags }) => ({ op, before, after, index, flags }))).toEqual([
      { op: 'd', before: { a: '1', b: 'x', v: null }, after: undefined, index: 0, flags: FLAG_KEY_CHANGE },
      {
        op: 'c',
        before: { a: '1', b: 'x', v: null },
        after: { a: '1', b: 'y', v: '6' },
        index: 1,
        flags: FLAG_KEY_CHANGE,
      },
    ]);
  });

  it('keeps the halves of a key change in one batch', async () => {
    await probe.changes('INSERT INTO plain SELECT i FROM generate_series(10001, 13000) i');
    const first = probe.batches.length;
    await probe.changes('UPDATE plain SET id = id + 100000 WHERE id > 10000');
    const batches = probe.batches.slice(first);
    expect(batches.reduce((sum, batch) => sum + batch.length, 0)).toBe(6_000);
    for (const batch of batches) {
      expect(batch.length % 2).toBe(0);
      expect(batch.length).toBeLessThanOrEqual(1_024);
      for (let at = 0; at < batch.length; at += 2) expect([batch.op[at], batch.op[at + 1]]).toEqual([0x64, 0x63]);
    }
  });

  it('leaves unchanged TOAST open with the default identity', async () => {
    await probe.changes(`INSERT INTO toasted VALUES (1, ${BIG}, 1)`);
    const [update] = await probe.changes('UPDATE toasted SET v = 2');
    expect(update).toMatchObject({ op: 'u', before: undefined, after: { id: '1', big: UNCHANGED, v: '2' } });
    const [, created] = await probe.changes('UPDATE toasted SET id = 2');
    expect(created).toMatchObject({ op: 'c', flags: FLAG_KEY_CHANGE, after: { id: '2', big: UNCHANGED, v: '2' } });
  });

  it('fills unchanged TOAST from the old row with the full identity', async () => {
    const [inserted] = await probe.changes(`INSERT INTO whole VALUES (1, ${BIG}, 1)`);
    const big = inserted!.after!['big'];
    expect(big).toHaveLength(12_800);
    const [update] = await probe.changes('UPDATE whole SET v = 2');
    expect(update).toMatchObject({ op: 'u', before: { id: '1', big, v: '1' }, after: { id: '1', big, v: '2' } });
    const [deleted, created] = await probe.changes('UPDATE whole SET id = 7');
    expect(deleted).toMatchObject({ op: 'd', before: { id: '1', big, v: '2' } });
    expect(created).toMatchObject({ op: 'c', before: { id: '1', big, v: '2' }, after: { id: '7', big, v: '2' } });
    const [removed] = await probe.changes('DELETE FROM whole');
    expect(removed).toMatchObject({ op: 'd', before: { id: '7', big, v: '2' } });
  });

  it('uses the key of the replica identity index', async () => {
    await probe.changes("INSERT INTO indexed VALUES (1, 'k', 1)");
    expect(await probe.changes('UPDATE indexed SET id = 2')).toMatchObject([
      { op: 'u', after: { id: '2', code: 'k' } },
    ]);
    expect(await probe.changes("UPDATE indexed SET code = 'l'")).toMatchObject([
      { op: 'd', before: { id: null, code: 'k', v: null } },
      { op: 'c', after: { id: '2', code: 'l', v: '1' } },
    ]);
  });

  it('takes a table without key and one without identity', async () => {
    await probe.changes('INSERT INTO keyless VALUES (1), (1)');
    expect(await probe.changes('UPDATE keyless SET v = 2')).toMatchObject([
      { op: 'u', before: { v: '1' }, after: { v: '2' } },
      { op: 'u', before: { v: '1' }, after: { v: '2' } },
    ]);
    expect(await probe.changes('INSERT INTO mute VALUES (1, 2)')).toMatchObject([
      { op: 'c', table: 'public.mute', after: { id: '1', v: '2' } },
    ]);
  });

  it('gives one event for each truncated table, cascade included', async () => {
    await probe.changes('INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)');
    const events = await probe.changes(
      'BEGIN; TRUNCATE parent CASCADE; INSERT INTO parent VALUES (2); TRUNCATE plain, pair; COMMIT',
    );
    expect(events.map((event) => [event.op, event.table, event.index])).toEqual([
      ['t', 'public.parent', 0],
      ['t', 'public.child', 1],
      ['c', 'public.parent', 2],
      ['t', 'public.plain', 3],
      ['t', 'public.pair', 4],
    ]);
    expect(events[0]).toMatchObject({ before: undefined, after: undefined });
  });

  it('takes names that need quoting and text in any script', async () => {
    const events = await probe.changes(`INSERT INTO "Größe ""x"".y"."Tab'le 1" VALUES (1, 'naïve 😀 漢字 ''" \\')`);
    expect(events).toMatchObject([
      { table: 'Größe "x".y.Tab\'le 1', after: { Ключ: '1', 'a"b': `naïve 😀 漢字 '" \\` } },
    ]);
  });

  it('gives each event the version of the table it was written with', async () => {
    const events = await probe.changes(`
      BEGIN; INSERT INTO parent VALUES (20); ALTER TABLE parent ADD extra text DEFAULT 'd'; INSERT INTO parent VALUES (21, 'e');
      ALTER TABLE parent ADD amount numeric(8,3); INSERT INTO parent VALUES (22, 'f', 1.5); COMMIT;
      ALTER TABLE parent DROP extra; INSERT INTO parent VALUES (23, 2)`);
    expect(events.map((event) => event.after)).toEqual([
      { id: '20' },
      { id: '21', extra: 'e' },
      { id: '22', extra: 'f', amount: '1.500' },
      { id: '23', amount: '2.000' },
    ]);
    const schema = probe.newestSchema;
    expect(schema.columns.map((column) => [column.name, column.sqlType, column.kind, column.key])).toEqual([
      ['id', 'integer', 'integer', true],
      ['amount', 'numeric(8,3)', 'exact', false],
    ]);
  });

  it('takes a type that was created after the start', async () => {
    await probe.changes("CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE child ADD m mood");
    expect(await probe.changes("INSERT INTO child VALUES (40, NULL, 'ok')")).toMatchObject([
      { after: { id: '40', m: 'ok' } },
    ]);
    expect(probe.newestSchema.columns.at(-1)).toMatchObject({
      name: 'm',
      sqlType: 'public.mood',
      kind: 'text',
    });
  });

  it('keeps a transaction of 50,000 rows in batches within the limits', async () => {
    const first = probe.batches.length;
    const events = await probe.changes(
      "INSERT INTO plain SELECT i, repeat('x', 100), 'note' FROM generate_series(200000, 249999) i",
    );
    expect(events.map((event) => event.index)).toEqual(Array.from({ length: 50_000 }, (_, index) => index));
    const batches = probe.batches.slice(first);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(1_024);
      expect(batch.bytes.length).toBeLessThan(1_048_576);
    }
    expect(batches.slice(0, -1).every((batch) => batch.transactions.at(-1)!.complete === false)).toBe(true);
    expect(batches.at(-1)!.transactions).toHaveLength(1);
    expect(batches.at(-1)!.transactions[0]!.complete).toBe(true);
  });
});
