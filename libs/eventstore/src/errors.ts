import { errorCode } from '@millrace/kernel';

/** The stream is not at the version that the append expected: somebody else appended in between. */
export const WrongVersion = errorCode('eventstore.wrong_version', {
  domain: 'user',
  retry: 'later',
  title: 'Stream is at another version',
});

/** Some of the ids of an append are in the store already, or all of them, but not as one append to this stream. */
export const EventIdTaken = errorCode('eventstore.event_id_taken', {
  domain: 'user',
  retry: 'never',
  title: 'Event id already used',
});

export const EventInvalid = errorCode('eventstore.event_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'Event does not fit its schema',
});

export const UnknownEventType = errorCode('eventstore.unknown_event_type', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Unknown event type',
});

/** A stored event has a newer schema version than this program knows. */
export const EventTooNew = errorCode('eventstore.event_too_new', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Event of a newer schema version',
});

/** Definitions that contradict themselves: names, versions, upcasters, limits. */
export const DefinitionInvalid = errorCode('eventstore.definition_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'Invalid definition',
});

/** Inline projections want the append's transaction, and there is none. */
export const NoTransaction = errorCode('eventstore.no_transaction', {
  domain: 'user',
  retry: 'never',
  title: 'Not in a transaction',
});

/** `migrate` has not been run, or by an older version. */
export const NotMigrated = errorCode('eventstore.not_migrated', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Event store not set up',
});

/** The group's slot cannot serve what comes after its consumers' progress any more. The events themselves are all there. */
export const SlotLost = errorCode('eventstore.slot_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Log position of a group lost',
});

/** The database was restored into another cluster: transaction ids and log positions of this one mean nothing there. */
export const OtherCluster = errorCode('eventstore.other_cluster', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Database was moved to another cluster',
});

/** Another process has gone on with this consumer. */
export const Fenced = errorCode('eventstore.fenced', {
  domain: 'external',
  retry: 'later',
  title: 'Another process reads for this group',
});

/** What was waited for did not happen in time. */
export const NotCaughtUp = errorCode('eventstore.not_caught_up', {
  domain: 'external',
  retry: 'later',
  title: 'Not caught up in time',
});

export const NoSuchConsumer = errorCode('eventstore.no_such_consumer', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No such projection or subscription',
});
