import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import fc from 'fast-check';
import { ChangeFeed, type TestEvent, type TestRow, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const schema = tableSchema('public.item', { '*id': 'integer', name: 'text', big: 'text' });

/** Every write of a row leaves a line; each event writes a name of its own. */
const TABLES: Readonly<Record<TestTarget['dialect'], string>> = {
  postgres: `drop table if exists item, audit;
    create table item (id integer primary key, name text unique, big text);
    create table audit (name text);
    create or replace function note() returns trigger language plpgsql as $$ begin insert into audit values (new.name); return null; end $$;
    create trigger note after insert or update on item for each row execute function note();`,
  mysql: `drop table if exists item, audit;
    create table item (id int primary key, name varchar(20) character set utf8mb4 unique, big longtext character set utf8mb4);
    create table audit (name varchar(20));
    create trigger noted after insert on item for each row insert into audit values (new.name);
    create trigger changed after update on item for each row insert into audit values (new.name)`,
  sqlite: `drop table if exists item; drop table if exists audit;
    create table item (id integer primary key, name text unique, big text);
    create table audit (name text);
    create trigger noted after insert on item for each row begin insert into audit values (new.name); end;
    create trigger changed after update on item for each row begin insert into audit values (new.name); end;
    select 1`,
};

/** Rolls a source's history forward: turns dice into the events that are possible, and keeps the rows they lead to. */
class Source {
  readonly rows = new Map<string, { name: string; big: string }>();
  readonly transactions: { readonly lsn: bigint; readonly events: readonly TestEvent[] }[] = [];
  #names = 0;

  transaction(dice: readonly (readonly [number, number, number])[]): void {
    const events = dice.flatMap(([what, one, two]) => this.#change(what, `${one}`, `${two}`));
    this.transactions.push({ lsn: BigInt(this.transactions.length + 1) * 16n, events });
  }

  #change(what: number, id: string, other: string): readonly TestEvent[] {
    const name = `n${this.#names++}`;
    const row = this.rows.get(id);
    if (what === 9) {
      this.rows.clear();
      return [{ op: 'Truncate', schema }];
    }
    if (row === undefined) {
      this.rows.set(id, { name, big: name });
      return [{ op: 'Create', schema, after: { id, name, big: name } }];
    }
    if (what < 2) {
      this.rows.delete(id);
      return [{ op: 'Delete', schema, before: { id } }];
    }
    const sendsBig = what % 2 === 0;
    const next = { name, big: sendsBig ? name : row.big };
    const after = (key: string): TestRow => ({ id: key, name, big: sendsBig ? name : UNSENT });
    if (what < 5 && !this.rows.has(other)) {
      this.rows.delete(id);
      this.rows.set(other, next);
      return [
        { op: 'Delete', schema, before: { id }, keyChange: true },
        { op: 'Create', schema, before: { id }, after: after(other), keyChange: true },
      ];
    }
    this.rows.set(id, next);
    return [{ op: 'Update', schema, after: after(id) }];
  }
}

const history = fc.array(fc.array(fc.tuple(fc.nat(9), fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 12,
});
/** What the run does after each batch: goes on, takes a snapshot, or is killed and continues so many transactions before its snapshot. */
const course = fc.record({
  batchRows: fc.integer({ min: 2, max: 9 }),
  moves: fc.array(fc.oneof(fc.constant('go'), fc.constant('snapshot'), fc.nat(3)), { maxLength: 10 }),
});

describe.each(TARGETS)('exactly once at %s', (_, open) => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  it("ends with the source's rows, and applies no event twice, whatever is killed and replayed", async () => {
    let run = 0;
    const property = fc.asyncProperty(history, course, async (transactions, { batchRows, moves }) => {
      const source = new Source();
      for (const dice of transactions) source.transaction(dice);
      await database.query(TABLES[database.dialect]);
      const jobId = `property${run++}`;
      let generation = 1;
      let snapshot: { id: number; state: readonly SnapshotEntry[]; next: number } = { id: 1, state: [], next: 0 };
      const runners = [await startSink(database.connection, { jobId, generation })];
      await runners[0]!.prepare(1);
      let next = 0;
      for (const move of [...moves, 'end' as const]) {
        const runner = runners.at(-1)!;
        const upTo = move === 'end' ? source.transactions.length : Math.min(source.transactions.length, next + 2);
        const feed = new ChangeFeed(batchRows);
        for (; next < upTo; next++) feed.transaction(source.transactions[next]!.lsn, source.transactions[next]!.events);
        await runner.write(...feed.take());
        if (move === 'snapshot' || move === 'end') {
          const state = await runner.prepare(snapshot.id + 1);
          snapshot = { id: snapshot.id + 1, state, next };
        } else if (typeof move === 'number') {
          // Killed with a transaction half delivered and a write under way; nobody closes it, it goes on as a zombie.
          const half = source.transactions[next];
          if (half !== undefined && half.events.length > 1 && half.events[0]!.keyChange !== true) {
            await runner.write(
              ...new ChangeFeed(batchRows).transaction(half.lsn, half.events.slice(0, 1), { open: true }).take(),
            );
          }
          generation += 1;
          const { id: restored, state } = snapshot;
          runners.push(await startSink(database.connection, { jobId, generation, restored, state }));
          next = Math.max(0, snapshot.next - move);
        }
      }
      const rows = await database.query('select * from item order by id');
      const expected = [...source.rows].map(([id, row]) => ({ id: Number(id), ...row })).sort((a, b) => a.id - b.id);
      const twice = await database.query('select name from audit group by name having count(*) > 1');
      for (const runner of runners) await runner.close();
      expect(rows).toEqual(expected);
      expect(twice).toEqual([]);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it('refuses a zombie of an older generation', async () => {
    await database.query(TABLES[database.dialect]);
    const older = await startSink(database.connection, { jobId: 'zombie', generation: 4 });
    const newer = await startSink(database.connection, { jobId: 'zombie', generation: 5, restored: 1 });
    const event: TestEvent = { op: 'Create', schema, after: { id: '1', name: 'zombie', big: null } };
    await older.write(...new ChangeFeed().transaction(16n, [event]).take());
    // Its session was ended by the newer one (a file has none); a session of its own making is refused by the generation in the progress row.
    const code = database.dialect === 'sqlite' ? 'jdbc.fenced' : 'jdbc.connection_lost';
    expect(await older.failure).toMatchObject({ code: { code } });
    await expect(startSink(database.connection, { jobId: 'zombie', generation: 4, restored: 1 })).rejects.toMatchObject(
      {
        code: { code: 'jdbc.fenced' },
      },
    );
    await newer.write(
      ...new ChangeFeed().transaction(16n, [{ ...event, after: { id: '1', name: 'newer', big: null } }]).take(),
    );
    await newer.complete();
    expect(await database.query('select name from item')).toEqual([{ name: 'newer' }]);
    await older.close();
    await newer.close();
  });

  it('is fenced at the commit when the session lives on', async () => {
    await database.query(TABLES[database.dialect]);
    const sink = await startSink(database.connection, { jobId: 'fence', generation: 4 });
    await database.query("update millrace_progress set generation = 5 where job_id = 'fence'");
    await sink.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after: { id: '1', name: 'a', big: null } }]).take(),
    );
    expect(await sink.failure).toMatchObject({ code: { code: 'jdbc.fenced' } });
    expect(await database.query('select * from item')).toEqual([]);
    await sink.close();
  });

  it('skips replayed events by position, but never those of a loading table', async () => {
    await database.query(TABLES[database.dialect]);
    const start = { jobId: 'replay', restored: 1 };
    const first = await startSink(database.connection, start);
    const create = (id: string, loading: boolean): TestEvent => ({
      op: 'Create',
      schema,
      after: { id, name: `n${id}`, big: null },
      loading,
    });
    const feed = () =>
      new ChangeFeed()
        .load(schema, [{ id: '9', name: 'n9', big: null }])
        .transaction(16n, [create('1', false), create('2', true)])
        .transaction(32n, [create('3', true)])
        .take();
    await first.write(...feed());
    await first.prepare(2);
    const [progress] = await database.query(
      "select commit_lsn, event_index as idx from millrace_progress where job_id = 'replay'",
    );
    // The loading table's later event is no progress.
    expect({ ...progress, idx: Number(progress!['idx']) }).toEqual({ commit_lsn: '0/10', idx: 0 });
    await first.close();
    const second = await startSink(database.connection, { ...start, generation: 2 });
    await second.write(...feed());
    await second.complete();
    const applied = await database.query('select name, count(*) as count from audit group by name order by name');
    expect(applied.map((row) => ({ ...row, count: Number(row['count']) }))).toEqual([
      { name: 'n1', count: 1 },
      { name: 'n2', count: 2 },
      { name: 'n3', count: 2 },
      { name: 'n9', count: 2 },
    ]);
    expect([second.metric('skippedEvents'), second.metric('rowsWritten')]).toEqual([1, 3]);
    await second.close();
  });

  it('forgets the progress of an abandoned history when the job starts without a snapshot', async () => {
    await database.query(TABLES[database.dialect]);
    const event: TestEvent = { op: 'Create', schema, after: { id: '1', name: 'a', big: null } };
    for (const generation of [1, 2]) {
      const sink = await startSink(database.connection, { jobId: 'afresh', generation });
      await sink.write(...new ChangeFeed().transaction(BigInt(32 / generation), [event]).take());
      await sink.complete();
      await sink.close();
    }
    expect(await database.query('select name from audit')).toEqual([{ name: 'a' }, { name: 'a' }]);
  });

  it('does not go on when the target was set back behind the snapshot', async () => {
    await database.query(TABLES[database.dialect]);
    const sink = await startSink(database.connection, { jobId: 'back' });
    await sink.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after: { id: '1', name: 'a', big: null } }]).take(),
    );
    const state = await sink.prepare(1);
    await sink.close();
    await database.query("update millrace_progress set commit_lsn = '0/5' where job_id = 'back'");
    const again = { jobId: 'back', generation: 2, restored: 1, state };
    await expect(startSink(database.connection, again)).rejects.toMatchObject({
      code: { code: 'jdbc.progress_lost' },
      mend: expect.stringContaining("commit_lsn = '0/10'"),
    });
  });
});

describe.each(TARGETS.filter(([name]) => name !== 'sqlite'))('a sink at %s', (_, open) => {
  it('says that the connection is lost', async () => {
    await using database = await open();
    await database.query(TABLES[database.dialect]);
    const sink = await startSink(database.connection, { jobId: 'lost' });
    await database.cut('lost');
    await sink.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after: { id: '1', name: 'a', big: null } }]).take(),
    );
    expect(await sink.failure).toMatchObject({ code: { code: 'jdbc.connection_lost', retry: 'later' } });
    await sink.close();
  });
});
