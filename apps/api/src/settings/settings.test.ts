import { describe, expect, it } from '@jest/globals';
import { isLoopback, readSettings } from './settings.ts';

const env = {
  MILLRACE_DATABASE_URL: 'postgres://u:p@localhost/millrace',
  MILLRACE_REDIS_URL: 'redis://localhost:6379',
  MILLRACE_SECRET_KEY: 'key',
};

describe('settings', () => {
  it('have defaults; an empty variable counts as unset', () => {
    expect(readSettings({ ...env, MILLRACE_PORT: '' })).toEqual({
      databaseUrl: env.MILLRACE_DATABASE_URL,
      redisUrl: env.MILLRACE_REDIS_URL,
      secretKey: 'key',
      secretKeysOld: '',
      uploads: true,
      host: '127.0.0.1',
      port: 8080,
      allowOpenApi: false,
      logLevel: 'info',
    });
  });

  it('are refused all at once, each with its repair, and without its value', () => {
    const bad = {
      MILLRACE_DATABASE_URL: 'mysql://u:hunter2@h/d',
      MILLRACE_PORT: '99999',
      MILLRACE_LOG_LEVEL: 'loud',
      MILLRACE_SECRET_KEY: 'k',
    };
    const read = () => readSettings(bad);
    for (const name of ['MILLRACE_DATABASE_URL', 'MILLRACE_REDIS_URL', 'MILLRACE_PORT', 'MILLRACE_LOG_LEVEL'])
      expect(read).toThrow(name);
    expect(read).not.toThrow('hunter2');
    expect(read).toThrow(/Give one of: "debug"/);
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'millrace.internal'])(
    'refuse to listen on %s without a word of the operator',
    (host) => {
      expect(() => readSettings({ ...env, MILLRACE_HOST: host })).toThrow(/MILLRACE_ALLOW_OPEN_API=true/);
      expect(readSettings({ ...env, MILLRACE_HOST: host, MILLRACE_ALLOW_OPEN_API: 'true' }).host).toBe(host);
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])('%s is this machine', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
});
