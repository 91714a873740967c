import { describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import { Fenced, isNotFound, isTransient, s3Error } from './errors.ts';

const answer = (httpStatusCode: number, name: string, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

describe('errors of S3', () => {
  it.each([
    [answer(404, 'NoSuchBucket'), 's3.bucket_missing', 'after-repair'],
    [answer(403, 'AccessDenied'), 's3.access_denied', 'after-repair'],
    [Object.assign(new Error('x'), { name: 'CredentialsProviderError' }), 's3.access_denied', 'after-repair'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 's3.unreachable', 'later'],
    [answer(503, 'SlowDown'), 's3.failed', 'later'],
    [answer(404, 'NoSuchUpload'), 's3.failed', 'later'],
    [answer(301, 'PermanentRedirect'), 's3.refused', 'after-repair'],
    [answer(400, 'EntityTooSmall'), 's3.refused', 'after-repair'],
  ])('have a code and a retry hint: %s', (error, code, retry) => {
    const found = s3Error(error, 'write x', 'lake');
    expect(found.code).toMatchObject({ code, retry });
    expect(found.message).toContain("can't write x in bucket lake");
    expect(found.cause).toBe(error);
  });

  it('say how to mend what a person can', () => {
    expect(s3Error(answer(301, 'PermanentRedirect'), 'x', 'lake').mend).toContain('region');
    expect(s3Error(answer(403, 'AccessDenied'), 'x', 'lake').mend).toContain('s3:AbortMultipartUpload');
    const ours = new MillraceError(Fenced, { message: 'fenced' });
    expect(s3Error(ours, 'x', 'lake')).toBe(ours);
  });

  it('are tried again only when they may pass', () => {
    expect([answer(500, 'InternalError'), answer(429, 'x'), new Error('socket hang up')].every(isTransient)).toBe(true);
    expect([answer(400, 'x'), answer(403, 'x'), answer(404, 'x')].some(isTransient)).toBe(false);
    expect([answer(404, 'NoSuchKey'), answer(404, 'NoSuchBucket')].map(isNotFound)).toEqual([true, false]);
  });
});
