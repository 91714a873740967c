import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import { PostgresServer } from './postgres-server.ts';
import { testPostgres } from './shared.ts';

it('gives databases of their own and drops them with their slots', async () => {
  const server = await testPostgres();
  let name: string;
  {
    await using database = await server.createDatabase();
    name = database.name;
    await database.query(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
    expect(await database.query('show wal_level')).toEqual([{ wal_level: 'logical' }]);
  }
  await using other = await server.createDatabase();
  expect(await other.query('select 1 from pg_database where datname = $1', [name])).toEqual([]);
  expect(await other.query('select 1 from pg_replication_slots where slot_name = $1', [name])).toEqual([]);
});

it('keeps committed data over a crash of PostgreSQL', async () => {
  await using server = await PostgresServer.start();
  const database = await server.createDatabase();
  await database.query('create table t (id int); insert into t values (1)');
  // Another session is busy when the postmaster dies: its backend holds on to the shared memory for a moment.
  const busy = await database.connect();
  const asleep = busy.query('select pg_sleep(1)').catch(() => 'cut');
  await server.restart('SIGKILL');
  expect(await asleep).toBeDefined();
  expect(await database.query('select id from t')).toEqual([{ id: 1 }]);
});

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

function startedServers(child: ChildProcess): Promise<{ pids: number[]; directories: string[] }> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)));
  });
}

it('leaves no server and no directory behind when its process is killed', async () => {
  const script = `
    import { PostgresServer, RedisServer } from '@millrace/testing';
    const servers = [await PostgresServer.start(), await RedisServer.start()];
    console.log(JSON.stringify({ pids: servers.map((s) => s.pid), directories: servers.map((s) => s.directory) }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pids, directories } = await startedServers(child);
  expect(pids.map(alive)).toEqual([true, true]);
  child.kill('SIGKILL');
  while (pids.some(alive) || directories.some((directory) => existsSync(directory)))
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pids.map(alive)).toEqual([false, false]);
});
