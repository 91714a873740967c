import { errorCode, MillraceError } from '@millrace/kernel';

// #region errors
export const Unreachable = errorCode('redis-streams.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The server does not answer',
});

export const LoginRefused = errorCode('redis-streams.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The server refuses the login',
});
// #endregion errors

export const Refused = errorCode('redis-streams.refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The server refuses a command',
});

export const Fenced = errorCode('redis-streams.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution writes this stream',
});

export const PreparedLost = errorCode('redis-streams.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Prepared rows are gone',
});

export const PositionLost = errorCode('redis-streams.position_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The entries that come next may be gone',
});

export const RowRefused = errorCode('redis-streams.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'An entry is no row of the declared columns',
});

/** What went wrong between us and the server. The client's own errors hold the arguments of the command, passwords among them: never a cause. */
export function serverError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const reply = error instanceof Error ? error.message : String(error);
  if (/^(WRONGPASS|NOAUTH|NOPERM)/.test(reply)) {
    const mend = 'Correct user and password, or give the user the commands it needs (ACL SETUSER).';
    return new MillraceError(LoginRefused, { message: `can't ${what}: the server refuses the login`, mend });
  }
  const isReply = /^[A-Z]{3,} /.test(reply);
  return new MillraceError(isReply ? Refused : Unreachable, {
    message: `can't ${what}: ${reply}`,
    mend: isReply
      ? 'Repair what the server says.'
      : 'Check host and port, and that the server runs; the job tries again.',
  });
}
