import { errorCode } from '@millrace/kernel';

const user = { domain: 'user', retry: 'never' } as const;
const later = { domain: 'user', retry: 'later' } as const;

export const KeyMissing = errorCode('access.key_missing', { ...user, title: 'An API key is needed' });
export const SessionEnded = errorCode('access.session_ended', { ...user, title: 'The session has ended' });
export const RoleTooLow = errorCode('access.role_too_low', { ...user, title: 'The role of the key does not suffice' });
export const NoKeyYet = errorCode('access.no_key_yet', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The first key comes first',
});
export const NotThisMachine = errorCode('access.not_this_machine', {
  ...user,
  title: 'Only for callers on this machine',
});
export const InsecureTransport = errorCode('access.insecure_transport', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Sessions need HTTPS',
});
export const TooManyStreams = errorCode('access.too_many_streams', { ...later, title: 'Too many streams are open' });
export const TooManyRequests = errorCode('access.too_many_requests', { ...later, title: 'Too many requests' });
export const TooManyFailures = errorCode('access.too_many_failures', {
  ...later,
  title: 'Too many requests without a valid key',
});
