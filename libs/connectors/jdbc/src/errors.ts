import { errorCode } from '@millrace/kernel';

/** The server can't be reached (address, network, TLS) while connecting. */
export const Unreachable = errorCode('jdbc.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'Target database unreachable',
});

/** The server refuses the user, the password or the database. */
export const LoginRefused = errorCode('jdbc.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Login at the target refused',
});

/** The connection broke while working. What was not committed is written again. */
export const ConnectionLost = errorCode('jdbc.connection_lost', {
  domain: 'external',
  retry: 'later',
  title: 'Connection to the target lost',
});

/** Serialization failure, deadlock, lock timeout or cancelled statement: the same again may pass. */
export const Conflict = errorCode('jdbc.conflict', {
  domain: 'external',
  retry: 'later',
  title: 'Conflict with another transaction at the target',
});

/** Disk, memory or connections are used up at the target. */
export const Exhausted = errorCode('jdbc.target_exhausted', {
  domain: 'external',
  retry: 'later',
  title: 'Target out of resources',
});

export const RightsMissing = errorCode('jdbc.rights_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Rights missing at the target',
});

/** The target refused a statement for a reason that lies in no row. */
export const StatementRefused = errorCode('jdbc.statement_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Target refused a statement',
});

/** The target refused one row: a constraint, a value out of range, a trigger. */
export const RowRefused = errorCode('jdbc.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target refused a row',
});

/** A newer execution of the job writes to the target. */
export const Fenced = errorCode('jdbc.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution has taken over',
});

/** The target holds less than the job's snapshot says it wrote. */
export const ProgressLost = errorCode('jdbc.progress_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Target went back behind the job',
});

/** The target refused rows on their way from where they wait. */
export const MoveRefused = errorCode('jdbc.move_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target refused appended rows',
});

/** The target holds more than the job's snapshot says it wrote: going on would append rows a second time. */
export const SnapshotBehind = errorCode('jdbc.snapshot_behind', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Target is ahead of the job',
});

export const KeyMissing = errorCode('jdbc.key_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Table without a key',
});

export const KeyUnknown = errorCode('jdbc.key_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Unknown key column',
});

/** Deletes and key changes at the source do not carry the columns chosen as key. */
export const KeyNotDelivered = errorCode('jdbc.key_not_delivered', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Key not part of the replica identity',
});

export const TableMissing = errorCode('jdbc.table_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target table missing',
});

export const NotATable = errorCode('jdbc.not_a_table', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target is not a table',
});

export const ColumnMissing = errorCode('jdbc.column_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target column missing',
});

export const ColumnUnknown = errorCode('jdbc.column_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Unknown column in the mapping',
});

/** Two columns would be written to one of the target. */
export const ColumnShared = errorCode('jdbc.column_shared', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Two columns with one name',
});

/** The target would take values of the column and change them (rounding, padding, letter case). */
export const ColumnTypeUnfit = errorCode('jdbc.column_type_unfit', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target column does not hold the values exactly',
});

/** The target demands a value for a column that the source does not have. */
export const ColumnNotFed = errorCode('jdbc.column_not_fed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Target column gets no value',
});

export const KeyIndexMissing = errorCode('jdbc.key_index_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No unique index on the key',
});

export const NotChangeEvents = errorCode('jdbc.not_change_events', {
  domain: 'user',
  retry: 'never',
  title: 'Input holds no change events',
});
