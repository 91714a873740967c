export { ACCESS_ROLES, type AccessRole, includesRole } from './access/access-role.ts';
export type { ApiKey, ApiKeyInput, IssuedKey } from './access/api-key.ts';
export { ApiKeyRepository } from './access/api-key-repository.ts';
export {
  FirstKeyExists,
  KeyExpired,
  KeyMalformed,
  KeyMistyped,
  KeyNameTaken,
  KeyNotUsable,
  KeyRevoked,
  KeyUnknown,
  LastAdminKey,
  NoSuchKey,
} from './access/errors.ts';
export { keyPrefix } from './access/key-text.ts';
export { createFirstKeyLocally } from './access/local-first-key.ts';
export { type Session, SessionRepository } from './access/session-repository.ts';
export type { AuditEntryInput, AuditOutcome } from './audit/append-audit.ts';
export { type AuditEntry, type AuditFilter, type AuditPage, AuditRepository } from './audit/audit-repository.ts';
export {
  type AuditActor,
  type AuditNote,
  type AuditOrigin,
  type AuditScope,
  noteChange,
  runInAuditScope,
} from './audit/audit-scope.ts';
export { Catalog, type CatalogOptions } from './catalog.ts';
export { catalogDataSource, openCatalogDataSource } from './data-source.ts';
export {
  DEAD_LETTER_STATES,
  type DeadLetter,
  type DeadLetterGroup,
  type DeadLetterState,
  type DeadLetterWithEvent,
  type LetterEvent,
  type LetterImage,
  type LetterKey,
  letterId,
  parseLetterId,
  type UnresolvedCounts,
} from './dead-letters/dead-letter.ts';
export type { DeadLetterFilter, LetterSelection } from './dead-letters/dead-letter-filter.ts';
export type { LetterOutcome } from './dead-letters/dead-letter-plan.ts';
export { DeadLetterRepository, type LetterEdit } from './dead-letters/dead-letter-repository.ts';
export type { LetterPlace } from './dead-letters/dead-letter-rows.ts';
export {
  DeadLetterJobEnded,
  DeadLetterWrongState,
  KeyIsParked,
  UnknownDeadLetter,
  unknownLetters,
} from './dead-letters/errors.ts';
export { CatalogLetterStore, type LetterStage, TooManyDeadLetters } from './dead-letters/letter-store.ts';
export { type DefinitionInput, DefinitionRepository } from './definition-repository.ts';
export { DefinitionResolver, type ResolvedDefinition } from './definition-resolver.ts';
export type {
  Definition,
  DesiredState,
  IdempotencyRecord,
  Job,
  JobStatus,
  Role,
  SnapshotWitness,
  StageCounts,
} from './entities.ts';
export {
  CatalogUnavailable,
  JobActive,
  JobFenced,
  JobNameTaken,
  JobWrongState,
  MigrationLocked,
  ModuleInUse,
  SecretCorrupt,
  SecretKeyInvalid,
  SecretKeyUnknown,
  SecretReferenceUnresolved,
  SinkInUse,
  SinkNameTaken,
  SourceInUse,
  SourceNameTaken,
  UnknownJob,
  UnknownModule,
  UnknownSink,
  UnknownSource,
  VersionConflict,
} from './errors.ts';
export {
  type ExecutionFate,
  ExecutionRepository,
  type JobExecution,
} from './execution-repository.ts';
export { type IdempotencyClaim, IdempotencyRepository } from './idempotency-repository.ts';
export type { JobInput } from './insert-job.ts';
export { type JobLine, JobRepository } from './job-repository.ts';
export { type JobModule, ModuleRepository, moduleHash } from './module-repository.ts';
export type { Page, PageRequest } from './page.ts';
export { ScheduleBusy, ScheduleNameTaken, TooManySchedules, UnknownSchedule } from './schedules/errors.ts';
export type { Overlap, RunOutcome, Schedule, ScheduleInput, ScheduleRun } from './schedules/schedule.ts';
export { ScheduleRepository, versionConflict } from './schedules/schedule-repository.ts';
export { ScheduleRunRepository, type Tick, type Ticked } from './schedules/schedule-run-repository.ts';
export { SecretBox } from './secret-box.ts';
export { parseSecretReference, type SecretReference } from './secret-reference.ts';
export { TableIsLoading, TooManyTableLoads } from './table-loads/errors.ts';
export { type TableLoad, type TableLoadOutcome, TableLoadRepository } from './table-loads/table-load-repository.ts';
export { WitnessRepository } from './witness-repository.ts';
