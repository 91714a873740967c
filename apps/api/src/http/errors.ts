import { errorCode, MillraceError } from '@millrace/kernel';
import type { InputIssue } from '@millrace/pipeline';

const user = { domain: 'user', retry: 'never' } as const;

/** `details.errors` holds every issue. */
export const InputInvalid = errorCode('input.invalid', { ...user, title: 'The request is not valid' });
export const MaskedSecret = errorCode('input.masked_secret', { ...user, title: 'A mask is not a secret' });
export const SecretInDocument = errorCode('input.secret_in_document', {
  ...user,
  title: 'A secret where none belongs',
});
export const TooDeep = errorCode('input.too_deep', { ...user, title: 'The document is nested too deep' });
export const BadParameter = errorCode('request.bad_parameter', { ...user, title: 'A parameter is not valid' });
export const BadHeader = errorCode('request.bad_header', { ...user, title: 'A header is not valid' });
export const MalformedJson = errorCode('request.malformed_json', { ...user, title: 'The body is not JSON' });
export const BodyTooLarge = errorCode('request.body_too_large', { ...user, title: 'The body is too large' });
export const NotJson = errorCode('request.unsupported_media_type', {
  ...user,
  title: 'The body is not declared as JSON',
});
export const NoSuchRoute = errorCode('request.no_such_route', { ...user, title: 'No such route' });
export const RequestRefused = errorCode('request.refused', { ...user, title: 'The request is refused' });
export const ForeignOrigin = errorCode('request.foreign_origin', {
  ...user,
  title: 'The request comes from another site',
});
export const IdempotencyMismatch = errorCode('idempotency.other_body', {
  ...user,
  title: 'The key belongs to another request',
});
export const IdempotencyBusy = errorCode('idempotency.busy', {
  domain: 'user',
  retry: 'later',
  title: 'The first request with this key is still being worked on',
});
export const RedisUnavailable = errorCode('redis.unavailable', {
  domain: 'external',
  retry: 'later',
  title: 'Redis is unavailable',
});

/** One refusal for everything that is wrong with a request's body. */
export function inputInvalid(errors: readonly InputIssue[]): MillraceError {
  const [first] = errors;
  return new MillraceError(InputInvalid, {
    message:
      errors.length === 1
        ? first!.message
        : `${errors.length} things are wrong with the request; the first: ${first!.message}`,
    mend: first!.mend,
    pointer: first!.pointer,
    details: { errors },
  });
}
