import type { ContentAt } from '@millrace/formats/rows';
import { MillraceError } from '@millrace/kernel';
import type { Bucket, ObjectAt } from '../bucket/bucket.ts';
import { ReadFailed, RowGroupTooLarge } from '../errors.ts';
import { objectChanged, rowRefused } from './read-error.ts';

/**
 * The bytes of an object.
 * @throws MillraceError `s3.row_refused`, `s3.object_changed`, `s3.read_failed` (may pass), `s3.row_group_too_large` or as `Bucket`
 */
export const objectContent = (bucket: Bucket, object: ObjectAt): ContentAt => {
  const found = <T>(value: T | undefined): T => {
    if (value === undefined) throw objectChanged(bucket, object);
    return value;
  };
  const { key } = object;
  return {
    name: key,
    open: async () => found(await bucket.open(object)),
    size: async () => found(await bucket.size(key)),
    read: async (start, end) => found(await bucket.read(object, start, end)),
    refused: (row, reason, cause) => rowRefused(bucket, object, row, reason, cause),
    tooLarge: (bytesMax) =>
      new MillraceError(RowGroupTooLarge, {
        message: `a row group of ${key} in bucket ${bucket.name} has more than ${bytesMax / 1_048_576} MiB in the columns that are read`,
        mend: 'Write smaller row groups, or leave large columns out.',
        details: { key },
      }),
    cutOff: (code, cause) =>
      new MillraceError(
        ReadFailed,
        { message: `reading ${key} in bucket ${bucket.name} was cut off: ${code}` },
        { cause },
      ),
  };
};
