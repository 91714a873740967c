import { errorCode } from '@millrace/kernel';

export const NoTimestamp = errorCode('operators.no_timestamp', {
  domain: 'user',
  retry: 'never',
  title: 'A row without an event time reached a window',
});

export const StateTooLarge = errorCode('operators.state_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The state of a stage has outgrown its limit',
});
