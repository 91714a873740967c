import { errorCode } from '@millrace/kernel';

/** A newer execution attempt owns the job: stop at once and silently. */
export const Fenced = errorCode('cluster.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'Superseded by a newer execution',
});

export const RedisUnavailable = errorCode('cluster.redis_unavailable', {
  domain: 'external',
  retry: 'later',
  title: 'Redis cannot be reached',
});

/** Redis could lose snapshots it has acknowledged. */
export const RedisNotDurable = errorCode('cluster.redis_not_durable', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Redis is not set up to keep snapshots',
});

export const SnapshotDamaged = errorCode('cluster.snapshot_damaged', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A snapshot is damaged',
});

/** Redis lost a snapshot that sinks may already have acted on, and no other copy of the state exists. */
export const SnapshotLost = errorCode('cluster.snapshot_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The newest snapshot is lost',
});

export const SnapshotTooLarge = errorCode('cluster.snapshot_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The state is too large for a snapshot',
});

export const JobCancelled = errorCode('job.cancelled', {
  domain: 'user',
  retry: 'never',
  title: 'The job was cancelled',
});
