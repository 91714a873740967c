import { describe, expect, it } from '@jest/globals';
import { holdsSecret, maskSecrets, maskSecretsDeep } from './mask-secrets.ts';

const KEY = `mlr_01KB0000000000000000000000_${'a-_Z'.repeat(12)}`;

describe('secrets that show themselves by their form', () => {
  it.each([
    [`key ${KEY}.`, 'key mlr_01KB0000000000000000000000_********.'],
    ['postgres://u:hunter2@h/d and amqp://:p@h', 'postgres://u:********@h/d and amqp://:********@h'],
    ['/a/postgres:~1~1u:hunter2@h~1d', '/a/postgres:~1~1u:********@h~1d'],
    ['/jobs/postgres%3A%2F%2Fu%3Ahunter2%40h', '/jobs/postgres%3A%2F%2Fu%3A********%40h'],
    ['http://h:8080/a@b', 'http://h:8080/a@b'],
    ['12:30 <a@b>', '12:30 <a@b>'],
    ['postgres://u:********@h', 'postgres://u:********@h'],
  ])('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
    expect(maskSecrets(masked)).toBe(masked);
  });

  it('are found at any depth, in names of fields too, and nothing else is changed', () => {
    const value = { [KEY]: [{ url: 'redis://:p@h' }, 1, null, 'plain'] };
    expect(maskSecretsDeep(value)).toEqual({
      'mlr_01KB0000000000000000000000_********': [{ url: 'redis://:********@h' }, 1, null, 'plain'],
    });
    const at = new Date(0);
    expect(maskSecretsDeep(at)).toBe(at);
  });

  it('are not references', () => {
    expect(holdsSecret('postgres://u:${env:PW}@h')).toBe(false);
    expect(holdsSecret('postgres://u:pw@h')).toBe(true);
  });
});
