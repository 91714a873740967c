import { errorCode } from '@millrace/kernel';

/** A connection to the source was refused, cut or timed out: the job tries again with back-off. */
export const ConnectionLost = errorCode('postgres.connection_lost', {
  domain: 'external',
  retry: 'later',
  title: 'Connection to PostgreSQL lost',
});

/** PostgreSQL refused a command for a reason that trying again will not change. */
export const ServerError = errorCode('postgres.server_error', {
  domain: 'external',
  retry: 'after-repair',
  title: 'PostgreSQL reported an error',
});

/** The server sent something the replication protocol does not allow. */
export const ProtocolViolation = errorCode('postgres.protocol_violation', {
  domain: 'external',
  retry: 'later',
  title: 'Unexpected replication message',
});

/** The source can no longer serve the position the job continues from: history is lost. */
export const PositionLost = errorCode('postgres.position_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Source position lost',
});

/** Another session streams from the job's slot and does not let go of it. */
export const SlotInUse = errorCode('postgres.slot_in_use', {
  domain: 'external',
  retry: 'later',
  title: 'Replication slot in use',
});

/** Saved state that this version cannot read. */
export const StateUnreadable = errorCode('postgres.state_unreadable', {
  domain: 'internal',
  retry: 'never',
  title: 'Saved source state unreadable',
});

export const LookupImpossible = errorCode('postgres.lookup_impossible', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A table cannot be looked up',
});
