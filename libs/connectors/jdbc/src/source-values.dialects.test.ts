import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startSink } from './test-support/drive.ts';
import { type RoundTripTable, roundTripTable } from './test-support/round-trip.ts';
import { findingsOf, startSource } from './test-support/source-runner.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

async function copy(
  database: TestTarget,
  jobId: string,
  source: object,
  sink: Readonly<Record<string, unknown>>,
): Promise<void> {
  await using from = await startSource(database.connection, source);
  const to = await startSink(database.connection, { jobId, stage: sink });
  await to.write(...(await from.run()).batches);
  await to.complete();
  await to.close();
}

/** Ids of rows that differ in the two tables. */
function differenceSql(dialect: TestTarget['dialect'], columns: RoundTripTable['columns']): string {
  if (dialect === 'postgres') {
    const texts = ['id', ...columns.map(({ name }) => name)].map((name) => `${name}::text`).join(', ');
    const list = (table: string) => `select ${texts} from ${table}`;
    return `(${list('round_trip')} except ${list('round_trip_copy')}) union all (${list('round_trip_copy')} except ${list('round_trip')})`;
  }
  const equal = ({ name, type }: RoundTripTable['columns'][number]): string => {
    if (dialect === 'mysql') {
      if (/binary|blob/.test(type)) return `a.${name} <=> b.${name}`;
      const isText = /char|text|enum|set|json/.test(type);
      return isText
        ? `cast(convert(a.${name} using utf8mb4) as binary) <=> cast(b.${name} as binary)`
        : `a.${name} <=> b.${name}`;
    }
    // A decimal is kept as a text.
    return `(a.${name} is b.${name} or cast(a.${name} as text) is b.${name})`;
  };
  const same = columns.map(equal).join(' and ');
  return `select a.id from round_trip a left join round_trip_copy b on a.id = b.id where b.id is null or not (${same})
    union all select count(*) from round_trip having count(*) <> (select count(*) from round_trip_copy)`;
}

describe.each(TARGETS)('values from %s', (_, open) => {
  it('are equal when they are read and written again', async () => {
    await using database = await open();
    const { definitions, row, columns } = roundTripTable(database.dialect);
    if (database.dialect === 'postgres') {
      await database.query("create type round_trip_mood as enum ('sad', 'very happy')");
      await database.query("create domain round_trip_digits as varchar(3) check (value ~ '^[0-9]+$')");
    }
    const charset = database.dialect === 'mysql' ? ' default character set utf8mb4' : '';
    await database.query(`create table round_trip (id integer primary key${definitions})${charset}`);
    let run = 0;
    const property = fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 25 }), async (rows) => {
      run += 1;
      await database.query('delete from round_trip');
      for (const [id, values] of rows.entries()) {
        await database.query(`insert into round_trip values (${id}, ${values.join(', ')})`);
      }
      await database.query('drop table if exists round_trip_copy');
      const table = database.dialect === 'postgres' ? '{schema}.{table}_copy' : '{table}_copy';
      await copy(database, `run${run}`, { table: 'round_trip' }, { table });
      expect(await database.query(differenceSql(database.dialect, columns))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 12 });
  });
});

describe('values from mysql', () => {
  it('of unsigned numbers and wide times fit into columns of their own type', async () => {
    await using database = await TARGETS[1]![1]();
    const shape = '(id int primary key, n bigint unsigned, t time(6), s timestamp(6) null, d decimal(20,0) unsigned)';
    for (const table of ['a', 'b']) await database.query(`create table ${table} ${shape}`);
    await database.query(
      "insert into a values (1, 18446744073709551615, '-838:59:59', '2038-01-19 03:14:07.999999', 18446744073709551615), (2, null, null, null, null)",
    );
    await copy(database, 'own', { table: 'a' }, { table: 'b' });
    expect(await database.query('select * from b')).toEqual(await database.query('select * from a'));
  });

  it('of zero dates are refused or null, as the stage says', async () => {
    await using database = await TARGETS[1]![1]();
    await database.query('create table z (id int primary key, d date, t datetime(3), s timestamp null)');
    // Without "ignore" the server takes no such dates.
    await database.query(
      "insert ignore into z values (1, '0000-00-00', '2024-00-10 00:00:00', '0000-00-00'), (2, '2024-01-02', '2024-01-02 03:04:05.120', null)",
    );
    await using strict = await startSource(database.connection, { table: 'z' });
    await expect(strict.run()).rejects.toMatchObject({
      code: { code: 'jdbc.value_unreadable' },
      pointer: '/zeroDates',
    });
    await using lenient = await startSource(database.connection, { table: 'z', zeroDates: 'null' });
    expect((await lenient.run()).events).toEqual([
      { id: 1, d: null, t: null, s: null },
      { id: 2, d: '2024-01-02', t: '2024-01-02 03:04:05.12', s: null },
    ]);
  });
});

describe('values from sqlite', () => {
  it('that are not what their column says are refused; a stage can give a column another type', async () => {
    await using database = await TARGETS[2]![1]();
    await database.query('create table loose (id integer primary key, n integer, at text)');
    await database.query("insert into loose values (1, 'many', '2024-01-02 03:04:05')");
    await using strict = await startSource(database.connection, { table: 'loose' });
    await expect(strict.run()).rejects.toMatchObject({
      code: { code: 'jdbc.value_unreadable' },
      message: expect.not.stringContaining('many'),
    });
    const types = { n: 'text', at: 'timestamp' };
    await using loose = await startSource(database.connection, { table: 'loose', types });
    expect((await loose.run()).events).toEqual([{ id: 1n, n: 'many', at: '2024-01-02 03:04:05' }]);
    const query = { table: 'public.q', query: 'select id, count(*) as n from loose group by id', key: ['id'] };
    expect(await findingsOf(database.connection, query)).toEqual(['warning jdbc.column_untyped']);
  });
});
