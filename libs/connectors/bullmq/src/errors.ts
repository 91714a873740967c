import { errorCode, MillraceError } from '@millrace/kernel';

export const Unreachable = errorCode('bullmq.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'Redis does not answer',
});
export const Refused = errorCode('bullmq.refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Redis refuses a command',
});
/** Repeated: a newer execution has begun, so this one is over anyway. */
export const Fenced = errorCode('bullmq.fenced', {
  domain: 'internal',
  retry: 'later',
  title: 'Another execution fills or reads these queues',
});
export const PreparedLost = errorCode('bullmq.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Rows that waited for their commit are gone',
});

export const RowRefused = errorCode('bullmq.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The data of a job are no row of the declared columns',
  ofRecord: true,
});

/** An answer of the server that is an error begins with a word in capitals. */
const ANSWER = /^(WRONGPASS|NOAUTH|NOPERM|ERR|OOM|READONLY|WRONGTYPE|EXECABORT)\b/;

/** What the client library threw, as ours. */
export function redisError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `can't ${what}: ${reason}`;
  if (ANSWER.test(reason)) {
    const mend =
      'Check user, password and rights of the connection, and the memory that Redis may use (maxmemory-policy noeviction).';
    return new MillraceError(Refused, { message, mend });
  }
  const mend = 'Check that Redis runs and can be reached from the worker.';
  return new MillraceError(Unreachable, { message, mend }, { cause: error });
}
