import { expect, it } from '@jest/globals';
import { MariadbServer } from './mariadb-server.ts';
import { testMariadb } from './shared.ts';

it('gives databases of their own and drops them', async () => {
  const server = await testMariadb();
  let name: string;
  {
    await using database = await server.createDatabase();
    name = database.name;
    expect(await database.query('select database() as here; select 1 as one')).toEqual([{ one: 1 }]);
    expect(await database.query('select 18446744073709551615 as big, ? as bound', ['ż🦊'])).toEqual([
      { big: '18446744073709551615', bound: 'ż🦊' },
    ]);
  }
  await using other = await server.createDatabase();
  expect(await other.query('select 1 from information_schema.schemata where schema_name = ?', [name])).toEqual([]);
});

it('keeps committed data over a crash of MariaDB', async () => {
  await using server = await MariadbServer.start();
  const database = await server.createDatabase();
  await database.query('create table t (id int); insert into t values (1)');
  await server.restart('SIGKILL');
  expect(await database.query('select id from t')).toEqual([{ id: 1 }]);
});
