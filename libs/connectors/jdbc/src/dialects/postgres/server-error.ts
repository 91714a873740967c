import { MillraceError } from '@millrace/kernel';
import { Conflict, ConnectionLost, Exhausted, RightsMissing, StatementRefused } from '../../errors.ts';
import { Refusal } from '../../upsert/refusal.ts';

/**
 * SQLSTATEs where a row (or its order) is to blame: cardinality, data, integrity, triggers, views' checks, sizes, generated columns.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const ROW_STATES = /^(21|22|23|27|38|39|44|54|P0|HV|428C9)/;

/** The SQLSTATE when the server sent this error, else `undefined` (socket, protocol). */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * What the server said, with detail and place (COPY names line and column there), but without the values of the row: these may
 * be secret, and messages end up in logs.
 */
export function serverMessage(error: unknown): string {
  const { message, detail, where } = error as { message?: string; detail?: string; where?: string };
  const state = sqlState(error) ?? '';
  const said = state.startsWith('22') ? message?.replace(/: ".*"$/s, '') : message;
  const place = where?.replace(/\n.*/s, '').replace(/^(COPY .*?, line \d+(?:, column [^:]*)?):.*$/s, '$1');
  const parts = [said, state.startsWith('23') ? withoutValues(detail) : detail, place];
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}

/** `Key (email)=(x) already exists.` without the x; `Failing row contains (…).` not at all. */
function withoutValues(detail: string | undefined): string | undefined {
  const key = /^(.*?\(.*?\))=\(.*\)(.*)$/s.exec(detail ?? '');
  return key === null ? undefined : `${key[1]}${key[2]}`;
}

/** Gives a failure of the session its code. */
export function classify(error: unknown): Error {
  if (error instanceof MillraceError || error instanceof Refusal) return error;
  const state = sqlState(error);
  const message = serverMessage(error);
  const options = { cause: error };
  if (state === undefined || /^(08|57P|25P0[34])/.test(state)) {
    const mend = 'The job tries again by itself; look at the log of the server if it goes on.';
    return new MillraceError(
      ConnectionLost,
      { message: `the connection to the database broke: ${message}`, mend },
      options,
    );
  }
  if (ROW_STATES.test(state)) return new Refusal(message, options);
  const details = { sqlState: state };
  if (/^(40|55P03|57014)/.test(state)) {
    return new MillraceError(Conflict, { message: `the database could not go on: ${message}`, details }, options);
  }
  if (/^(53|58)/.test(state)) {
    const mend = 'Make room at the database; the job tries again by itself.';
    return new MillraceError(
      Exhausted,
      { message: `the database is out of resources: ${message}`, mend, details },
      options,
    );
  }
  if (state === '42501') {
    const mend = 'Grant the role what is missing, then resume the job.';
    return new MillraceError(RightsMissing, { message: `the database says: ${message}`, mend, details }, options);
  }
  const mend = 'Repair what the message names at the database, then resume the job.';
  return new MillraceError(StatementRefused, { message: `the database says: ${message}`, mend, details }, options);
}
