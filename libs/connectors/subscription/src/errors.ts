import { errorCode, MillraceError } from '@millrace/kernel';
import { ReplyError } from 'ioredis';

export const Unreachable = errorCode('subscription.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The Redis of the subscriptions does not answer',
});

export const Refused = errorCode('subscription.refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The Redis of the subscriptions refuses a command',
});

export const Fenced = errorCode('subscription.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution writes this subscription',
});

export const BacklogLost = errorCode('subscription.backlog_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Redis has lost changes that waited for a service',
});

/** States of a server that come and go. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|OOM)\b/;

/** What went wrong between us and Redis. The client's own errors hold the arguments of the command: never a cause. */
export function redisError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const reply = error instanceof Error ? error.message : String(error);
  const isRefusal = error instanceof ReplyError && !PASSING.test(reply);
  return new MillraceError(isRefusal ? Refused : Unreachable, {
    message: `can't ${what}: ${reply}`,
    mend: isRefusal
      ? 'Repair what the server says, then resume the job.'
      : 'Look whether Redis runs and can be reached; the job tries again.',
  });
}

export const fenced = (newest: number, generation: number): MillraceError =>
  new MillraceError(Fenced, {
    message: `execution ${newest} has taken the subscription over from execution ${generation}`,
    mend: 'Nothing: the newer execution goes on.',
  });

export const backlogLost = (message: string): MillraceError =>
  new MillraceError(BacklogLost, {
    message,
    mend: 'Changes that Redis had acknowledged are gone (appendonly, a failover without WAIT). Delete the subscription and make it anew with initialLoad: full, so that its handlers see every row again.',
  });
