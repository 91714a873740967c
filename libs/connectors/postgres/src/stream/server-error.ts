import { type ErrorCode, MillraceError } from '@millrace/kernel';
import { ConnectionLost, PositionLost, ServerError, SlotInUse } from '../errors.ts';

/** SQLSTATE classes that pass by themselves: connection, resources, operator intervention (shutdown, restart), system. */
const PASSING = /^(08|53|57|58)/;
const OBJECT_IN_USE = '55006';
const UNDEFINED_OBJECT = '42704';
const OBJECT_NOT_IN_PREREQUISITE_STATE = '55000';

/** What an ErrorResponse carries, as `pg` names it too. */
export interface ServerErrorFields {
  readonly severity?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

const FIELD_NAMES: Readonly<Record<string, keyof ServerErrorFields>> = {
  V: 'severity',
  C: 'code',
  M: 'message',
  D: 'detail',
  H: 'hint',
};

/** Reads an ErrorResponse's body. https://www.postgresql.org/docs/current/protocol-error-fields.html */
export function parseErrorResponse(bytes: Buffer, start: number, end: number): ServerErrorFields {
  const fields: { -readonly [Name in keyof ServerErrorFields]: string } = {};
  for (let at = start; at < end && bytes[at] !== 0; ) {
    const valueEnd = bytes.indexOf(0, at + 1);
    const name = FIELD_NAMES[String.fromCharCode(bytes[at]!)];
    if (name !== undefined) fields[name] = bytes.toString('utf8', at + 1, valueEnd);
    at = valueEnd + 1;
  }
  return fields;
}

/** The error for what the server said while we were doing `what`, with its own words, detail and hint. */
export function serverError(fields: ServerErrorFields, what: string, cause?: unknown): MillraceError {
  const { code = '', message = 'no message', detail, hint } = fields;
  const errorCode = codeOf(code);
  return new MillraceError(
    errorCode,
    {
      message: `${what}: ${message}${detail === undefined ? '' : ` (${detail})`}`,
      mend: hint ?? MEND.get(errorCode),
      details: { sqlState: code, severity: fields.severity },
    },
    { cause },
  );
}

const MEND: ReadonlyMap<ErrorCode, string> = new Map([
  [ConnectionLost, 'Nothing to do: the job tries again by itself.'],
  [
    SlotInUse,
    'Stop the other session: SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active;',
  ],
  [PositionLost, 'Run the job with a new initial load, or accept the gap explicitly.'],
]);

function codeOf(sqlState: string): ErrorCode {
  if (sqlState === '' || PASSING.test(sqlState)) return ConnectionLost;
  if (sqlState === OBJECT_IN_USE) return SlotInUse;
  return ServerError;
}

/** The same for START_REPLICATION, where a missing or invalidated slot means lost history. */
export function startError(fields: ServerErrorFields, slot: string): MillraceError {
  const { code, message } = fields;
  const isLost =
    (code === UNDEFINED_OBJECT && message?.includes('replication slot') === true) ||
    code === OBJECT_NOT_IN_PREREQUISITE_STATE;
  if (!isLost) return serverError(fields, `streaming from replication slot "${slot}" could not start`);
  return new MillraceError(PositionLost, {
    message: `replication slot "${slot}" can no longer serve the job: ${message ?? 'no message'}${fields.detail === undefined ? '' : ` (${fields.detail})`}`,
    mend: MEND.get(PositionLost),
    details: { slot, sqlState: code },
  });
}
