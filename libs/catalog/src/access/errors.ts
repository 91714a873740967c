import { errorCode } from '@millrace/kernel';

const user = { domain: 'user', retry: 'never' } as const;

export const KeyMalformed = errorCode('access.key_malformed', { ...user, title: 'Not an API key' });
export const KeyMistyped = errorCode('access.key_mistyped', { ...user, title: 'The API key is mistyped or cut off' });
export const KeyUnknown = errorCode('access.key_unknown', { ...user, title: 'Unknown API key' });
export const KeyExpired = errorCode('access.key_expired', { ...user, title: 'The API key has expired' });
export const KeyRevoked = errorCode('access.key_revoked', { ...user, title: 'The API key was revoked' });
/** No API key with this id or name; about the resource, not about who calls. */
export const NoSuchKey = errorCode('api_key.unknown', { ...user, title: 'Unknown API key' });
export const KeyNameTaken = errorCode('api_key.name_taken', { ...user, title: 'Name is taken' });
export const KeyNotUsable = errorCode('api_key.not_usable', { ...user, title: 'The API key does not work any more' });
export const LastAdminKey = errorCode('api_key.last_admin', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The last way in for an admin',
});
export const FirstKeyExists = errorCode('access.first_key_exists', { ...user, title: 'There is a key already' });
