import { errorCode } from '@millrace/kernel';

/** Nobody answers at the address. */
export const Unreachable = errorCode('postgres.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'PostgreSQL cannot be reached',
});

/** User, password or pg_hba.conf do not let us in. */
export const AuthenticationFailed = errorCode('postgres.authentication_failed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'PostgreSQL refused the login',
});

export const NoSuchDatabase = errorCode('postgres.no_such_database', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No such database',
});

/** The server has no TLS, or a certificate we cannot trust. */
export const TlsFailed = errorCode('postgres.tls_failed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No trusted TLS connection',
});

export const NoSuchTable = errorCode('postgres.no_such_table', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No such table',
});

/** The role may not do what the source needs; the message has the GRANT. */
export const MissingPrivilege = errorCode('postgres.missing_privilege', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Missing privilege',
});

/** A server setting stands against logical replication. */
export const NotConfigured = errorCode('postgres.not_configured', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Server not set up for logical replication',
});

/** An object with the job's name is not what the job made. */
export const ForeignObject = errorCode('postgres.foreign_object', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Slot or publication of the same name is something else',
});

/** A table's key was changed, or the table renamed, while it was being loaded. */
export const TableChangedDuringLoad = errorCode('postgres.table_changed_during_load', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Table changed during its initial load',
});

/** More single keys would have to be read again than are kept. */
export const TooManyKeysToReread = errorCode('postgres.too_many_keys_to_reread', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Too many key changes during the initial load',
});
