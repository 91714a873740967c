import { errorCode } from '@millrace/kernel';

/** The old value of a column was needed, and PostgreSQL sends only what the replica identity names. */
export const BeforeUnknown = errorCode('pipeline.before_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The value before the change is not known',
});

/** A large value that PostgreSQL did not resend was needed to compute something. */
export const ValueUnchanged = errorCode('pipeline.value_not_resent', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A large value that did not change is not in the change event',
  ofRecord: true,
});
