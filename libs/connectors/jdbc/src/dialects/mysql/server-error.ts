import { MillraceError } from '@millrace/kernel';
import { Conflict, ConnectionLost, Exhausted, RightsMissing, StatementRefused } from '../../errors.ts';
import { Refusal } from '../../upsert/refusal.ts';

/**
 * Errors where a row (or its order) is to blame. https://mariadb.com/kb/en/mariadb-error-codes/
 * By number, because many share the SQLSTATE HY000.
 */
const ROW_ERRORS = new Set([
  1048, // column cannot be null
  1062, // duplicate entry
  1118, // row size too large
  1169, // duplicate, unique constraint
  1216,
  1217,
  1451,
  1452, // foreign keys
  1263,
  1264, // out of range
  1265, // data truncated
  1292, // incorrect value
  1300, // invalid characters
  1364, // no default value
  1366, // incorrect value for the column
  1367, // illegal value while parsing
  1406, // data too long
  1411, // incorrect value for a function
  1416, // geometry
  1441, // datetime overflow
  1442, // trigger updates the same table
  1526, // no partition for the value
  1557,
  1586, // duplicate key
  1644, // SIGNAL of a trigger
  1690, // numeric out of range
  1761,
  1762, // duplicate by a foreign key
  3140, // invalid JSON text
  3819,
  4025, // check constraint
]);
/** Lock wait timeout, deadlock, record changed, query interrupted, metadata lock deadlock. */
const CONFLICTS = new Set([1205, 1213, 1020, 1317, 3572, 1969]);
/** Disk full, out of memory, too many connections, table full, no space. */
const EXHAUSTED = new Set([1021, 1037, 1038, 1040, 1041, 1114, 1135, 1203, 1226]);
const RIGHTS = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1698]);
/** Server shuts down, connection killed, read-only during a failover. */
const CONNECTION = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 1836, 1290]);

/** The server's number of the error, or `undefined` (socket, protocol). */
export function serverErrno(error: unknown): number | undefined {
  const { errno, sqlState } = error as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && typeof sqlState === 'string' ? errno : undefined;
}

/** What the server said, without values of the row: these may be secret, and messages end up in logs. */
export function serverMessage(error: unknown): string {
  const { sqlMessage, message } = error as { sqlMessage?: string; message?: string };
  return (sqlMessage ?? message ?? String(error))
    .replace(/^Duplicate entry '.*' for key/s, 'Duplicate entry for key')
    .replace(/^((?:Incorrect|Truncated incorrect) [\w ()]+? value): '.*?'(?= for |$)/s, '$1');
}

/** Gives a failure of the session its code. */
export function classify(error: unknown): Error {
  if (error instanceof MillraceError || error instanceof Refusal) return error;
  const errno = serverErrno(error);
  const message = serverMessage(error);
  const options = { cause: error };
  const { code, fatal } = error as { code?: unknown; fatal?: unknown };
  // Neither the server's nor the driver's: a bug of ours.
  if (errno === undefined && code === undefined && fatal === undefined && error instanceof Error) return error;
  if (errno === undefined || CONNECTION.has(errno)) {
    const mend = 'The job tries again by itself; look at the log of the server if it goes on.';
    return new MillraceError(
      ConnectionLost,
      { message: `the connection to the database broke: ${message}`, mend },
      options,
    );
  }
  if (ROW_ERRORS.has(errno)) return new Refusal(message, options);
  const details = { errno };
  if (CONFLICTS.has(errno)) {
    return new MillraceError(Conflict, { message: `the database could not go on: ${message}`, details }, options);
  }
  if (EXHAUSTED.has(errno)) {
    const mend = 'Make room at the database; the job tries again by itself.';
    return new MillraceError(
      Exhausted,
      { message: `the database is out of resources: ${message}`, mend, details },
      options,
    );
  }
  if (RIGHTS.has(errno)) {
    const mend = 'Grant the user what is missing, then resume the job.';
    return new MillraceError(RightsMissing, { message: `the database says: ${message}`, mend, details }, options);
  }
  const mend = 'Repair what the message names at the database, then resume the job.';
  return new MillraceError(StatementRefused, { message: `the database says: ${message}`, mend, details }, options);
}
