import { freePort, testPostgres } from '@millrace/testing';
import { describeSourceConnector } from '@millrace/testing/acceptance';
import { postgresSource } from './index.ts';

describeSourceConnector('postgres', {
  connector: postgresSource,
  metrics: ['events', 'lagBytes', 'lagMs', 'loadRows'],
  rowCounter: 'events',
  hasPositions: true,
  losesHistory: /^postgres\.position_lost$/,
  unreachable: async () => ({ host: '127.0.0.1', port: await freePort() }),
  async open() {
    const database = await (await testPostgres()).createDatabase('accept');
    await database.query('create table orders (id integer primary key, note text)');
    return {
      config: { ...database.connection, ssl: 'disable' },
      stage: { tables: ['public.orders'], chunkRows: 100 },
      insert: async (ids) => void (await database.query('insert into orders select unnest($1::int[]), $2', [ids, 'x'])),
      lose: async () =>
        void (await database.query(
          'select pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) from pg_replication_slots where database = current_database()',
        )),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  },
});
