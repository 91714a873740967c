import { describe, expect, it } from '@jest/globals';
import {
  errorCode,
  fromErrorRecord,
  MillraceError,
  parseDurationMs,
  parseSizeBytes,
  registeredErrorCodes,
  Secret,
  toErrorRecord,
} from './index.ts';

const Broken = errorCode('kernel_test.broken', { domain: 'external', retry: 'later', title: 'Broken' });

describe('errors', () => {
  it('refuses a code that is taken', () => {
    expect(() => errorCode('kernel_test.broken', { domain: 'user', retry: 'never', title: 'Other' })).toThrow(
      'registered twice',
    );
    expect(registeredErrorCodes()).toContain(Broken);
  });

  it('survives structured clone as a record', () => {
    const error = new MillraceError(Broken, {
      message: 'it broke',
      mend: 'mend it',
      pointer: '/a/0',
      details: { lsn: '0/1' },
    });
    const back = fromErrorRecord(structuredClone(toErrorRecord(error)));
    expect(back).toBeInstanceOf(MillraceError);
    expect(back.code).toBe(Broken);
    expect(back).toMatchObject({ message: 'it broke', mend: 'mend it', pointer: '/a/0', details: { lsn: '0/1' } });
  });

  it('keeps a code this process does not know', () => {
    const record = { ...toErrorRecord(new MillraceError(Broken, { message: 'm' })), code: 'elsewhere.unknown' };
    expect(fromErrorRecord(record).code).toEqual({
      code: 'elsewhere.unknown',
      domain: 'external',
      retry: 'later',
      title: 'Broken',
    });
  });

  it('calls anything else internal', () => {
    expect(toErrorRecord(new TypeError('x is not a function'))).toMatchObject({
      code: 'internal',
      message: 'x is not a function',
    });
    expect(toErrorRecord('just text')).toMatchObject({ code: 'internal', message: 'just text' });
  });
});

describe('Secret', () => {
  it('shows a mask wherever it is printed', () => {
    const secret = new Secret('hunter2');
    const seen = [String(secret), ''.concat(secret as unknown as string), JSON.stringify({ secret })].join();
    expect(seen).not.toContain('hunter2');
    expect(seen).toContain('********');
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('quantities', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
  ])('reads the duration %s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(['', '10', 's', '10 s', '-1s', '1y', '10S'])('refuses the duration "%s"', (text) =>
    expect(parseDurationMs(text)).toBeUndefined(),
  );

  it('reads sizes', () => {
    expect(parseSizeBytes('64MiB')).toBe(67_108_864);
    expect(parseSizeBytes('64MB')).toBeUndefined();
  });
});
