import { errorCode, MillraceError } from '@millrace/kernel';

export const Unreachable = errorCode('amqp.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The broker does not answer',
});
export const LoginRefused = errorCode('amqp.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker refuses the login',
});
export const NotAllowed = errorCode('amqp.not_allowed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker does not allow it',
});
export const AddressMissing = errorCode('amqp.address_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The broker has no such address',
});
export const NoTransactions = errorCode('amqp.no_transactions', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The broker has no transactions',
});
export const RolledBack = errorCode('amqp.rolled_back', {
  domain: 'external',
  retry: 'later',
  title: 'The broker rolled a transaction back',
});
export const MessageRefused = errorCode('amqp.message_refused', {
  domain: 'external',
  retry: 'later',
  title: 'The broker refuses a message',
});
/** Repeated: a newer execution has begun, so this one is over anyway. */
export const Fenced = errorCode('amqp.fenced', {
  domain: 'internal',
  retry: 'later',
  title: 'Another execution writes to this address',
});
export const PreparedLost = errorCode('amqp.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Rows that waited for their commit are gone',
});
/** Repeated: whoever holds it gives it back, or is dropped by the broker. */
export const ProgressAway = errorCode('amqp.progress_away', {
  domain: 'external',
  retry: 'later',
  title: 'The message that says what was committed is away',
});
export const RowRefused = errorCode('amqp.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is no row of the declared columns',
});
export const MessageIdMissing = errorCode('amqp.message_id_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message has no message id',
});

export const messageRefused = (name: string, condition: string, description = ''): MillraceError =>
  new MillraceError(MessageRefused, {
    message: `the broker does not take a message for ${name}: ${condition} ${description}`.trim(),
    mend: 'Look at the limits of that address and at its policy when it is full.',
  });

/** What a peer says when it ends a link, a session or the connection. */
interface PeerError {
  readonly condition?: string;
  readonly description?: string;
}

/** Conditions of the specification (part 2, section 2.8.15, and the ones of SASL as the library names them). */
const CODES: Readonly<Record<string, [code: typeof Unreachable, mend: string]>> = {
  'amqp:unauthorized-access': [NotAllowed, 'Give the user the rights that docs/message-queues.md names.'],
  'amqp:not-allowed': [NotAllowed, 'Give the user the rights that docs/message-queues.md names.'],
  'amqp:not-found': [AddressMissing, 'Make the address, let the broker make addresses, or correct the stage.'],
  'amqp:not-implemented': [NoTransactions, 'Use a broker with AMQP 1.0 local transactions.'],
  'amqp:transaction:rollback': [RolledBack, 'Nothing: the job tries again.'],
};

/** What the peer or the client library said, as ours. @param what could not be done */
export function brokerError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { condition = '', description } = (error ?? {}) as PeerError;
  const text = description ?? (error instanceof Error ? error.message : String(error));
  const reason = condition === '' || text.includes(condition) ? text : `${condition} ${text}`;
  if (/sasl|authenticat/i.test(reason)) {
    const mend = 'Check user and password, or the certificate of the connection.';
    return new MillraceError(LoginRefused, { message: `can't ${what}: the broker refuses the login`, mend });
  }
  const known = CODES[condition];
  if (known !== undefined) {
    const [code, mend] = known;
    return new MillraceError(code, { message: `can't ${what}: ${reason}`, mend });
  }
  const mend = 'Check that the broker runs, speaks AMQP 1.0 at this port, and can be reached from the worker.';
  return new MillraceError(Unreachable, { message: `can't ${what}: ${reason}`, mend }, { cause: error });
}
