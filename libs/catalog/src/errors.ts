import { errorCode } from '@millrace/kernel';

export const UnknownSource = errorCode('source.unknown', { domain: 'user', retry: 'never', title: 'Unknown source' });
export const UnknownSink = errorCode('sink.unknown', { domain: 'user', retry: 'never', title: 'Unknown sink' });
export const UnknownJob = errorCode('job.unknown', { domain: 'user', retry: 'never', title: 'Unknown job' });

export const UnknownModule = errorCode('module.unknown', { domain: 'user', retry: 'never', title: 'Unknown module' });
export const ModuleInUse = errorCode('module.in_use', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Module is in use',
});

export const SourceNameTaken = errorCode('source.name_taken', {
  domain: 'user',
  retry: 'never',
  title: 'Name is taken',
});
export const SinkNameTaken = errorCode('sink.name_taken', { domain: 'user', retry: 'never', title: 'Name is taken' });
export const JobNameTaken = errorCode('job.name_taken', { domain: 'user', retry: 'never', title: 'Name is taken' });

export const SourceInUse = errorCode('source.in_use', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Source is in use',
});
export const SinkInUse = errorCode('sink.in_use', { domain: 'user', retry: 'after-repair', title: 'Sink is in use' });

/** Somebody else changed the resource since the caller read it. */
export const VersionConflict = errorCode('catalog.version_conflict', {
  domain: 'user',
  retry: 'never',
  title: 'Changed by somebody else',
});

export const JobActive = errorCode('job.active', { domain: 'user', retry: 'after-repair', title: 'Job is active' });
export const JobWrongState = errorCode('job.wrong_state', {
  domain: 'user',
  retry: 'never',
  title: 'Job is in the wrong state',
});

/** A newer execution of the job has written already: the caller must stop. */
export const JobFenced = errorCode('job.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'Superseded by a newer execution',
});

/** The metadata database cannot be reached. */
export const CatalogUnavailable = errorCode('catalog.unavailable', {
  domain: 'external',
  retry: 'later',
  title: 'Metadata database is unavailable',
});

/** Another process has been migrating the metadata database for too long. */
export const MigrationLocked = errorCode('catalog.migration_locked', {
  domain: 'external',
  retry: 'later',
  title: 'Metadata database is being migrated',
});

export const SecretKeyInvalid = errorCode('secret.key_invalid', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Secret key is invalid',
});
export const SecretKeyUnknown = errorCode('secret.key_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Secret is encrypted with an unknown key',
});
export const SecretCorrupt = errorCode('secret.corrupt', {
  domain: 'internal',
  retry: 'never',
  title: 'Stored secret is damaged',
});
/** `${env:NAME}` or `${file:/path}` that cannot be resolved where it is used. */
export const SecretReferenceUnresolved = errorCode('secret.reference_unresolved', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Secret reference cannot be resolved',
});
