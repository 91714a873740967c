import { type ErrorCode, errorCode, MillraceError } from '@millrace/kernel';

export const Unreachable = errorCode('mqtt.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The broker does not answer',
});
export const LoginRefused = errorCode('mqtt.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker refuses the login',
});
export const NotAllowed = errorCode('mqtt.not_allowed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker does not allow it',
});
export const BrokerRefused = errorCode('mqtt.broker_refused', {
  domain: 'external',
  retry: 'later',
  title: 'The broker refuses a request',
});
export const NotSupported = errorCode('mqtt.not_supported', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker can not do this',
});
export const MessageTooLarge = errorCode('mqtt.message_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is larger than the broker takes',
});
/** Repeated: mostly a newer execution has begun, so this one is over anyway. */
export const TakenOver = errorCode('mqtt.taken_over', {
  domain: 'internal',
  retry: 'later',
  title: 'Another client has taken the session over',
});
export const SessionLost = errorCode('mqtt.session_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The broker no longer has the session',
});
export const RowRefused = errorCode('mqtt.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is no row of the declared columns',
  ofRecord: true,
});

interface Reason {
  readonly code: ErrorCode;
  readonly says: string;
  readonly mend: string;
}

const LOGIN = 'Check user, password and certificate of the connection.';
const RIGHTS = 'Give the user the rights to its topics, and to its client id.';
const OTHER_TOPIC = 'Correct the topic of the stage.';

/** Reason codes of MQTT 5 (section 2.4) that users can do something about. */
const REASONS: Readonly<Record<number, Reason>> = {
  132: {
    code: NotSupported,
    says: 'it does not speak MQTT 5',
    mend: 'Use a broker that does, such as Mosquitto 1.6 or newer.',
  },
  133: { code: NotAllowed, says: 'it does not take the client id', mend: 'Give the stage another clientId.' },
  134: { code: LoginRefused, says: 'user or password is wrong', mend: LOGIN },
  135: { code: NotAllowed, says: 'not authorized', mend: `${LOGIN} ${RIGHTS}` },
  138: { code: LoginRefused, says: 'the client is banned', mend: LOGIN },
  140: { code: LoginRefused, says: 'it wants another way to log in', mend: LOGIN },
  142: {
    code: TakenOver,
    says: 'another client has the same client id',
    mend: 'Nothing, when a newer execution goes on. Else give the stage a clientId of its own.',
  },
  143: { code: NotAllowed, says: 'it does not take the topic filter', mend: OTHER_TOPIC },
  144: { code: NotAllowed, says: 'it does not take the topic', mend: OTHER_TOPIC },
  149: {
    code: MessageTooLarge,
    says: 'the message is too large',
    mend: 'Raise the limit of the broker, or leave out columns.',
  },
  154: {
    code: NotSupported,
    says: 'it keeps no retained messages',
    mend: 'Set retain to false, or allow them at the broker.',
  },
  155: {
    code: NotSupported,
    says: 'it does not do that quality of service',
    mend: 'Use a lower qos, with what it holds.',
  },
  158: { code: NotSupported, says: 'it has no shared subscriptions', mend: 'Subscribe without $share.' },
  162: { code: NotSupported, says: 'it has no subscriptions with wildcards', mend: 'Name each topic.' },
};

/** A reason code that is an error, as ours. */
export function reasonError(reason: number, what: string): MillraceError {
  const known = REASONS[reason];
  if (known === undefined) {
    const mend = 'Look into the log of the broker.';
    return new MillraceError(BrokerRefused, { message: `can't ${what}: the broker says reason code ${reason}`, mend });
  }
  const { code, says, mend } = known;
  return new MillraceError(code, { message: `can't ${what}: ${says} (reason code ${reason})`, mend });
}

/** What a socket or a client library threw, as ours. */
export function brokerError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code, message = String(error) } = error as { readonly code?: unknown; readonly message?: string };
  if (typeof code === 'number' && code >= 128) return reasonError(code, what);
  const mend = 'Check that the broker runs and can be reached from the worker, and the certificate where there is TLS.';
  return new MillraceError(Unreachable, { message: `can't ${what}: ${message}`, mend }, { cause: error });
}
