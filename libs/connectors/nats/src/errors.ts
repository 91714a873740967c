import { errorCode, MillraceError } from '@millrace/kernel';
import { JetStreamApiError } from '@nats-io/jetstream';
import { AuthorizationError, PermissionViolationError, UserAuthenticationExpiredError } from '@nats-io/transport-node';

export const Unreachable = errorCode('nats.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The server does not answer',
});
export const LoginRefused = errorCode('nats.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The server refuses the login',
});
export const NotAllowed = errorCode('nats.not_allowed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The server does not allow it',
});
export const ServerRefused = errorCode('nats.server_refused', {
  domain: 'external',
  retry: 'later',
  title: 'The server refuses a request',
});
export const StreamMissing = errorCode('nats.stream_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The stream does not exist',
});
export const StreamUnfit = errorCode('nats.stream_unfit', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The stream is not set up for this',
});
export const SubjectNotOfStream = errorCode('nats.subject_not_of_stream', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The stream does not take a subject',
});
export const MessageTooLarge = errorCode('nats.message_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is larger than the server takes',
  ofRecord: true,
});
/** Repeated: a newer execution has begun, so this one is over anyway. */
export const Fenced = errorCode('nats.fenced', {
  domain: 'internal',
  retry: 'later',
  title: 'Another execution writes this stream',
});
export const PreparedLost = errorCode('nats.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Rows that waited for their commit are gone',
});
export const ProgressLost = errorCode('nats.progress_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The stream no longer says what was committed',
});
export const RowRefused = errorCode('nats.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is no row of the declared columns',
  ofRecord: true,
});
export const PositionLost = errorCode('nats.position_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The messages that come next are gone',
});

/** JetStream's codes of a consumer and of a stream that is not there. */
const NOT_FOUND = [10_014, 10_059];

/** The stream or the consumer that was asked about is not there. */
export const isMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && NOT_FOUND.includes(error.code);

/** What the client library threw, as ours. */
export function serverError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
    const mend = 'Check user and password, token or credentials of the connection.';
    return new MillraceError(LoginRefused, { message: `can't ${what}: the server refuses the login`, mend });
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof PermissionViolationError) {
    const mend = 'Give the user the rights that docs/message-queues.md names.';
    return new MillraceError(NotAllowed, { message: `can't ${what}: ${reason}`, mend });
  }
  const mend = 'Check that the server runs, with JetStream, and can be reached from the worker.';
  return new MillraceError(Unreachable, { message: `can't ${what}: ${reason}`, mend }, { cause: error });
}
