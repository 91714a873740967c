import { MillraceError } from '@millrace/kernel';
import type { Bucket, ObjectAt } from '../bucket/bucket.ts';
import { ObjectChanged, RowRefused } from '../errors.ts';

export const objectChanged = (bucket: Bucket, { key }: ObjectAt): MillraceError =>
  new MillraceError(ObjectChanged, {
    message: `${key} in bucket ${bucket.name} was removed or written again while it was read`,
    mend: 'Put the object back as it was, or start the job anew: objects must not change.',
    details: { key },
  });

/** @param row from 1 */
export const rowRefused = (
  bucket: Bucket,
  { key }: ObjectAt,
  row: number,
  reason: string,
  cause: unknown,
): MillraceError =>
  new MillraceError(
    RowRefused,
    {
      message: `row ${row} of ${key} in bucket ${bucket.name}: ${reason}`,
      mend: 'Correct the columns of the stage, or leave the object out by the glob and start the job anew.',
      details: { key, row },
    },
    { cause },
  );
