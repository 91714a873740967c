import { MillraceError } from '@millrace/kernel';
import { Conflict, ConnectionLost, Exhausted, RightsMissing, StatementRefused, Unreachable } from '../../errors.ts';
import { Refusal } from '../../upsert/refusal.ts';

/** https://www.sqlite.org/rescode.html */
const Code = {
  Perm: 3,
  Busy: 5,
  Locked: 6,
  NoMemory: 7,
  ReadOnly: 8,
  InputOutput: 10,
  Full: 13,
  CannotOpen: 14,
  TooBig: 18,
  Constraint: 19,
  Mismatch: 20,
  Auth: 23,
} as const;

const ROW_CODES: readonly number[] = [Code.TooBig, Code.Constraint, Code.Mismatch];

/** The primary result code, or `undefined` where it is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === Code.Busy || code === Code.Locked;
}

/** Gives a failure of the session its code. SQLite's messages name columns, never values. */
export function classify(error: unknown): Error {
  if (error instanceof MillraceError || error instanceof Refusal) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  const options = { cause: error };
  if (code === undefined) {
    if ((error as { code?: unknown }).code !== 'ERR_INVALID_STATE')
      return error instanceof Error ? error : new Error(message);
    return new MillraceError(ConnectionLost, { message: `the file: ${message}` }, options);
  }
  if (ROW_CODES.includes(code)) return new Refusal(message, options);
  const details = { resultCode: code };
  switch (code) {
    case Code.Busy:
    case Code.Locked: {
      const mend = 'The job tries again by itself; end what else writes to the file if it goes on.';
      return new MillraceError(
        Conflict,
        { message: `another process holds the file: ${message}`, mend, details },
        options,
      );
    }
    case Code.NoMemory:
    case Code.InputOutput:
    case Code.Full: {
      const mend = 'Make room at the database; the job tries again by itself.';
      return new MillraceError(
        Exhausted,
        { message: `the database is out of resources: ${message}`, mend, details },
        options,
      );
    }
    case Code.CannotOpen: {
      const mend = 'Check that the folder exists and that the worker may write to it.';
      return new MillraceError(Unreachable, { message, mend, pointer: '/database', details }, options);
    }
    case Code.Perm:
    case Code.ReadOnly:
    case Code.Auth: {
      const mend = 'Let the worker write to the file and its folder, then resume the job.';
      return new MillraceError(RightsMissing, { message: `the database says: ${message}`, mend, details }, options);
    }
    default: {
      const mend = 'Repair what the message names at the database, then resume the job.';
      return new MillraceError(StatementRefused, { message: `the database says: ${message}`, mend, details }, options);
    }
  }
}
