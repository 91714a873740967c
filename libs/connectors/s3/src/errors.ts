import { type ErrorCode, errorCode, MillraceError } from '@millrace/kernel';

export const BucketMissing = errorCode('s3.bucket_missing', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The bucket does not exist',
});
export const AccessDenied = errorCode('s3.access_denied', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The credentials do not allow this',
});
export const Unreachable = errorCode('s3.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The S3 server cannot be reached',
});
export const RequestFailed = errorCode('s3.failed', {
  domain: 'external',
  retry: 'later',
  title: 'A request to S3 failed',
});
export const RequestRefused = errorCode('s3.refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'S3 refused a request',
});
export const PreparedLost = errorCode('s3.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A prepared upload is gone',
});
export const Fenced = errorCode('s3.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution writes these objects',
});
export const ValueNotResent = errorCode('s3.value_not_resent', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A line of CSV lacks a value',
  ofRecord: true,
});
export const RowRefused = errorCode('s3.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row of an object does not fit its columns',
});
export const ObjectChanged = errorCode('s3.object_changed', {
  domain: 'external',
  retry: 'after-repair',
  title: 'An object changed while it was read',
});
export const ReadFailed = errorCode('s3.read_failed', {
  domain: 'external',
  retry: 'later',
  title: 'Reading an object was cut off',
});
export const RowGroupTooLarge = errorCode('s3.row_group_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row group of Parquet is too large',
});
export const NoConditionalWrites = errorCode('s3.no_conditional_writes', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The server has no conditional writes',
});
export const TooManyObjects = errorCode('s3.too_many_objects', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Too many objects to remember',
});
export const ValueUnsupported = errorCode('s3.value_unsupported', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A value that the format cannot hold',
  ofRecord: true,
});
/** For what the formats cannot hold. */
export const CONTENT_CODES = { valueNotResent: ValueNotResent, valueUnsupported: ValueUnsupported };

export const NotChangeEvents = errorCode('s3.not_change_events', {
  domain: 'user',
  retry: 'never',
  title: 'Not change events',
});

/** What the SDK's errors have; https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
interface ServiceError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const DENIED = new Set([
  'AccessDenied',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
]);

const statusOf = (error: unknown): number | undefined => (error as ServiceError).$metadata?.httpStatusCode;

/** The upload or object is not there (and the bucket is), or is not the one that was asked for. */
export const isNotFound = (error: unknown): boolean =>
  statusOf(error) === 412 || (statusOf(error) === 404 && (error as ServiceError).name !== 'NoSuchBucket');

/** An error of ours that may pass by itself. */
export const isPassing = (error: unknown): boolean => error instanceof MillraceError && error.code.retry === 'later';

/** May pass by itself: no answer at all, or one that asks for patience. */
export const isTransient = (error: unknown): boolean => {
  const status = statusOf(error);
  if (status === undefined) return !DENIED.has((error as ServiceError).name ?? '');
  // 409: two conditional writes at once.
  return status >= 500 || status === 408 || status === 409 || status === 429;
};

/** The coded error of a failed request; errors that have a code of ours already pass through. */
export function s3Error(error: unknown, operation: string, bucket: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { name, code: errno, message } = error as ServiceError;
  const status = statusOf(error);
  const what = `can't ${operation} in bucket ${bucket}: ${[status, name ?? errno].filter((part) => part !== undefined).join(' ')}`;
  const coded = (code: ErrorCode, text: string, mend?: string): MillraceError =>
    new MillraceError(code, { message: text, mend, details: { bucket, status, name } }, { cause: error });
  if (name === 'NoSuchBucket')
    return coded(BucketMissing, what, `Create the bucket ${bucket}, or correct its name, region or endpoint.`);
  if (status === 403 || status === 401 || DENIED.has(name ?? '')) {
    return coded(
      AccessDenied,
      what,
      `Give the credentials s3:ListBucket and s3:ListBucketMultipartUploads on the bucket ${bucket}, and s3:PutObject, s3:GetObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects; or correct access key and secret.`,
    );
  }
  if (status === undefined)
    return coded(
      Unreachable,
      `${what}${errno === undefined ? '' : ` ${errno}`}`,
      'Check endpoint, region and network.',
    );
  const said = message === undefined || message === name ? what : `${what}: ${message}`;
  // An upload that somebody aborted meanwhile: the next attempt begins a new one.
  if (isTransient(error) || name === 'NoSuchUpload') return coded(RequestFailed, said);
  const isElsewhere = status === 301 || name === 'AuthorizationHeaderMalformed';
  return coded(RequestRefused, said, isElsewhere ? `Correct the region or endpoint of bucket ${bucket}.` : undefined);
}
