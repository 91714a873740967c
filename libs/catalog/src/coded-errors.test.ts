import { describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import { codedError } from './coded-errors.ts';
import { UnknownJob } from './errors.ts';

describe('errors of the driver', () => {
  it.each([
    { code: 'ECONNREFUSED' },
    { code: '57P01' },
    { driverError: { code: '08006' } },
    { errors: [{ code: 'ECONNREFUSED' }] },
    { message: 'Connection terminated unexpectedly' },
  ])('%j is a database that is away', (properties) => {
    expect(codedError(Object.assign(new Error('x'), properties))).toMatchObject({
      code: { code: 'catalog.unavailable' },
    });
  });

  it.each([
    new Error('x'),
    Object.assign(new Error('x'), { code: '42P01' }),
    new MillraceError(UnknownJob, { message: 'x' }),
  ])('%s stays what it is', (error) => {
    expect(codedError(error)).toBe(error);
  });
});
