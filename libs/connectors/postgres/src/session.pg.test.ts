import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, PostgresServer } from '@millrace/testing';
import { type ConnectionOptions, connectionSchema } from './config.ts';
import { openSession, SESSION_SETTINGS } from './session.ts';

describe('openSession', () => {
  let server: PostgresServer;
  let options: ConnectionOptions;
  const open = (changes: Partial<ConnectionOptions>) =>
    openSession({ ...options, ...changes }, { applicationName: 'test' });

  beforeAll(async () => {
    server = await PostgresServer.start();
    options = connectionSchema.parse({ host: '127.0.0.1', port: server.port, database: 'postgres', user: 'postgres' });
    const admin = await open({});
    await admin.query("CREATE ROLE secretive LOGIN PASSWORD 'right'; CREATE ROLE asleep NOLOGIN");
    const rules = join(server.directory, 'data', 'pg_hba.conf');
    await writeFile(
      rules,
      `host all secretive 127.0.0.1/32 scram-sha-256\nhost all nobody 127.0.0.1/32 reject\n${await readFile(rules, 'utf8')}`,
    );
    await admin.query('SELECT pg_reload_conf()');
    await admin.end();
  });

  afterAll(async () => await server?.stop());

  it('gives a session with the settings that stream and load share', async () => {
    const session = await open({});
    for (const [name, value] of Object.entries(SESSION_SETTINGS)) {
      const { rows } = await session.query('SELECT current_setting($1) AS value', [name]);
      const expected = value === 'ISO,MDY' ? 'ISO, MDY' : value;
      expect([name, rows[0].value]).toEqual([name, expected]);
    }
    await session.end();
  });

  it.each([
    ['a wrong password', { user: 'secretive', password: 'wrong' }, 'postgres.authentication_failed', '/password'],
    ['no password', { user: 'secretive' }, 'postgres.authentication_failed', '/password'],
    ['a role that may not log in', { user: 'asleep' }, 'postgres.authentication_failed', '/user'],
    ['a role that pg_hba.conf rejects', { user: 'nobody' }, 'postgres.authentication_failed', '/user'],
    ['no such database', { database: 'nowhere' }, 'postgres.no_such_database', '/database'],
    ['an unknown host', { host: 'host.invalid' }, 'postgres.unreachable', '/host'],
    ['TLS that the server does not have', { ssl: 'require' as const }, 'postgres.tls_failed', '/ssl'],
  ])('says what is wrong: %s', async (_, changes, code, pointer) => {
    await expect(open(changes)).rejects.toMatchObject({ code: { code }, pointer, mend: expect.any(String) });
  });

  it('says that nobody listens, and keeps the password out of every message', async () => {
    const error = await open({ port: await freePort(), password: 'hunter2' }).catch((caught: Error) => caught);
    expect(error).toMatchObject({
      code: { code: 'postgres.unreachable' },
      message: expect.stringContaining('127.0.0.1:'),
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('ends with the reason of its signal', async () => {
    const abort = new AbortController();
    const opening = openSession(options, { applicationName: 'test' }, abort.signal);
    abort.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  it('logs in with the right password', async () => {
    const session = await open({ user: 'secretive', password: 'right' });
    const { rows } = await session.query('SELECT session_user AS name');
    expect(rows).toEqual([{ name: 'secretive' }]);
    await session.end();
  });
});
