import { errorCode } from '@millrace/kernel';

export const ConnectFailed = errorCode('verify.connect_failed', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A database could not be reached',
});
export const TableUnknown = errorCode('verify.table_unknown', {
  domain: 'user',
  retry: 'never',
  title: 'A table to compare does not exist',
});
export const ColumnUnknown = errorCode('verify.column_unknown', {
  domain: 'user',
  retry: 'never',
  title: 'A column to compare does not exist',
});
export const KeyMissing = errorCode('verify.key_missing', {
  domain: 'user',
  retry: 'never',
  title: 'A table to compare has no key',
});
export const HashDiffers = errorCode('verify.hash_differs', {
  domain: 'external',
  retry: 'never',
  title: 'The servers hash the same text differently',
});
export const NotPermitted = errorCode('verify.not_permitted', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A right is missing to compare',
});
export const TablesBusy = errorCode('verify.tables_busy', {
  domain: 'external',
  retry: 'later',
  title: 'The source tables could not be locked',
});
export const SlotUnknown = errorCode('verify.slot_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'There is no such replication slot',
});
export const PositionNotReached = errorCode('verify.position_not_reached', {
  domain: 'external',
  retry: 'later',
  title: 'The job did not reach the position in time',
});
export const QueryFailed = errorCode('verify.query_failed', {
  domain: 'external',
  retry: 'later',
  title: 'A query of the comparison failed',
});
export const BadArgument = errorCode('verify.bad_argument', {
  domain: 'user',
  retry: 'never',
  title: 'An argument is not usable',
});
