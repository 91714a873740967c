import { describe, expect, it } from '@jest/globals';
import { isLoopback, readSettings, refuseOpenHost } from './settings.ts';

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
      publicUrl: undefined,
      trustedProxies: [],
      rateLimit: 1_000,
      auditDays: 400,
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
    'refuse to listen on %s without a key or a word of the operator',
    (host) => {
      const settings = readSettings({ ...env, MILLRACE_HOST: host });
      expect(() => refuseOpenHost(settings)).toThrow(/it has no key yet/);
      expect(() => refuseOpenHost({ ...settings, allowOpenApi: true })).not.toThrow();
    },
  );

  it('trust proxies by address or network only', () => {
    expect(readSettings({ ...env, MILLRACE_TRUSTED_PROXIES: '10.0.0.1, fd00::/8' }).trustedProxies).toEqual([
      '10.0.0.1',
      'fd00::/8',
    ]);
    for (const wrong of ['true', 'proxy.internal', '10.0.0.0/8/8'])
      expect(() => readSettings({ ...env, MILLRACE_TRUSTED_PROXIES: wrong })).toThrow(/MILLRACE_TRUSTED_PROXIES/);
  });

  it('keep audit entries a month at least', () => {
    expect(() => readSettings({ ...env, MILLRACE_AUDIT_DAYS: '29' })).toThrow(/MILLRACE_AUDIT_DAYS/);
    expect(readSettings({ ...env, MILLRACE_AUDIT_DAYS: '30' }).auditDays).toBe(30);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])('%s is this machine', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
});
