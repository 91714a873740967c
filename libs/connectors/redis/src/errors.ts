import { errorCode, MillraceError } from '@millrace/kernel';
import { ReplyError } from 'ioredis';

export const Unreachable = errorCode('redis.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The Redis server does not answer',
});
export const LoginRefused = errorCode('redis.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The Redis server refuses the login or a command',
});
export const Refused = errorCode('redis.refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The Redis server refuses a command',
});
export const Fenced = errorCode('redis.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution writes these keys',
});
export const SetBack = errorCode('redis.set_back', {
  domain: 'external',
  retry: 'later',
  title: 'The Redis server has forgotten writes that it had acknowledged',
});
export const ProgressLost = errorCode('redis.progress_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The Redis server has forgotten what a snapshot holds',
});
export const KeyOfOtherType = errorCode('redis.key_of_other_type', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A key holds another type of value',
});
export const HalfApplied = errorCode('redis.half_applied', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A script was refused in its middle',
});
export const RowRefused = errorCode('redis.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row has no place in Redis',
  ofRecord: true,
});
export const TableUnfit = errorCode('redis.table_unfit', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A table does not fit the stage',
});
export const NotInOrder = errorCode('redis.not_in_order', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The changes of several sources come to one sink',
});
export const NotDurable = errorCode('redis.not_durable', {
  domain: 'external',
  retry: 'later',
  title: 'Writes are not on disk in time',
});

export const PositionLost = errorCode('redis.position_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Entries that come next are gone',
});
export const EntryRefused = errorCode('redis.entry_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'An entry is no row of the declared columns',
});

export const TooManyRows = errorCode('redis.too_many_rows', {
  domain: 'user',
  retry: 'after-repair',
  title: 'There are more rows than may be kept track of',
});

export const LookupRefused = errorCode('redis.lookup_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A value is no row that can be looked up',
});

export const TableTooLarge = errorCode('redis.table_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A table has more rows than may be held',
});

export const LookupStale = errorCode('redis.lookup_stale', {
  domain: 'external',
  retry: 'later',
  title: 'A table that is held is older than it may be',
});

/** States of a server that come and go. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|MISCONF|NOREPLICAS|OOM|UNBLOCKED)\b/;

/** What went wrong between us and the server. The client's own errors hold the arguments of the command: never a cause. */
export function serverError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const reply = error instanceof Error ? error.message : String(error);
  if (/^(WRONGPASS|NOAUTH|NOPERM)/.test(reply)) {
    return new MillraceError(LoginRefused, {
      message: `can't ${what}: ${/^\S+/.exec(reply)![0]}`,
      mend: 'Correct user and password, or give the user the commands and keys it needs (ACL SETUSER).',
    });
  }
  const isRefusal = error instanceof ReplyError && !PASSING.test(reply);
  return new MillraceError(isRefusal ? Refused : Unreachable, {
    message: `can't ${what}: ${reply}`,
    mend: isRefusal
      ? 'Repair what the server says, then resume the job.'
      : 'Look whether the server runs and can be reached; the job tries again.',
  });
}
