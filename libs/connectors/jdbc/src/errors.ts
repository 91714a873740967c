import { errorCode } from '@millrace/kernel';

/** The server can't be reached (address, network, TLS) while connecting. */
export const Unreachable = errorCode('jdbc.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'Database unreachable',
});

/** The server refuses the user, the password or the database. */
export const LoginRefused = errorCode('jdbc.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Login at the database refused',
});

/** The connection broke while working. What was not committed is written again. */
export const ConnectionLost = errorCode('jdbc.connection_lost', {
  domain: 'external',
  retry: 'later',
  title: 'Connection to the database lost',
});

/** Serialization failure, deadlock, lock timeout or cancelled statement: the same again may pass. */
export const Conflict = errorCode('jdbc.conflict', {
  domain: 'external',
  retry: 'later',
  title: 'Conflict with another transaction',
});

/** Disk, memory or connections are used up at the database. */
export const Exhausted = errorCode('jdbc.target_exhausted', {
  domain: 'external',
  retry: 'later',
  title: 'Database out of resources',
});

export const RightsMissing = errorCode('jdbc.rights_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Rights missing at the database',
});

/** The database refused a statement for a reason that lies in no row. */
export const StatementRefused = errorCode('jdbc.statement_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Database refused a statement',
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
  title: 'Table missing',
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

/** The query of a source is refused by the database. */
export const QueryRefused = errorCode('jdbc.query_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Database refused the query of a source',
});

/** A value of a source that has no counterpart: a zero date, a text in a column of numbers. */
export const ValueUnreadable = errorCode('jdbc.value_unreadable', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Value of a source that cannot be read',
});

export const WatermarkUnfit = errorCode('jdbc.watermark_unfit', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Column does not serve as watermark',
});

/** More rows than can be remembered are within the overlap of a polling source. */
export const OverlapTooLarge = errorCode('jdbc.overlap_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Too many rows within the overlap',
});

export const OptionUnfit = errorCode('jdbc.option_unfit', {
  domain: 'user',
  retry: 'never',
  title: 'Option does not fit the database',
});
