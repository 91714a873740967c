import type { ErrorRecord } from '@millrace/kernel';
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** The catalog's own schema: its table names are too common to share one with an application. */
export const CATALOG_SCHEMA = 'millrace';

export type Role = 'source' | 'sink';

/** Life cycle of a job, Jet's. */
export type JobStatus =
  | 'NOT_RUNNING'
  | 'STARTING'
  | 'RUNNING'
  | 'SUSPENDED'
  | 'SUSPENDED_EXPORTING_SNAPSHOT'
  | 'COMPLETING'
  | 'COMPLETED'
  | 'FAILED';

/** What the user wants of a job; the member that runs it makes it so. */
export type DesiredState = 'running' | 'suspended' | 'cancelled';

/** A registered source or sink as stored. */
export interface Definition {
  readonly id: string;
  readonly name: string;
  /** Type of the connector. */
  readonly type: string;
  /** Options as the user gave them, without those in `secrets`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By option: sealed with the secret box, or a reference `${env:NAME}` / `${file:/path}` as it was given. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Raised by every change; the ETag. */
  readonly version: number;
}

/** Rows of one vertex of a job's graph (a stage, or several that run as one), over all executions of the job. */
export interface StageCounts {
  readonly vertex: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly deadLetters: number;
  readonly skippedRows: number;
  readonly lateRows: number;
}

/** A submitted pipeline and what became of it. */
export interface Job {
  readonly id: string;
  readonly name: string;
  /** The pipeline document as validated. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Hash of the module it is written in; of a job written in TypeScript. */
  readonly module: string | null;
  readonly desired: DesiredState;
  readonly status: JobStatus;
  /** Raised by every request to restart; the member restarts when it differs from what it started with. */
  readonly restartRequested: number;
  /** Of the execution that wrote the status last. */
  readonly generation: number;
  /** Why the job failed. */
  readonly error: ErrorRecord | null;
  readonly executionStartedAt: Date | null;
  /** When the first execution began. */
  readonly startedAt: Date | null;
  /** `null` unless it is over: completed, failed or cancelled. */
  readonly endedAt: Date | null;
  /** Up to the newest committed snapshot that was told of: of all rows when the job has completed. `null` before that. */
  readonly counts: readonly StageCounts[] | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Raised by every change the user makes (not by the status); the ETag. */
  readonly version: number;
}

/** The newest snapshot as remembered beside Redis: a Redis that lost writes is recognised by it. */
export interface SnapshotWitness {
  readonly jobId: string;
  readonly snapshotId: number;
  readonly generation: number;
  /** The whole encoded state when it is small. */
  readonly state: Buffer | null;
  readonly stateHash: string;
  readonly takenAt: Date;
}

/** The answer kept for an idempotency key. */
export interface IdempotencyRecord {
  readonly route: string;
  readonly key: string;
  readonly bodyMac: string;
  /** Id of the resource the request makes; fixed before it is made, so that a second try after a crash finds it. */
  readonly resourceId: string;
  /** `null` while the request is being worked on. */
  readonly status: number | null;
  readonly body: unknown;
  readonly claimedAt: Date;
}

/** node-postgres gives int8 as text; ids and generations stay far below 2^53. */
const int8 = { to: (value: number) => value, from: (value: string) => Number(value) };

const created: EntitySchemaColumnOptions = { name: 'created_at', type: 'timestamptz', createDate: true };
const updated: EntitySchemaColumnOptions = { name: 'updated_at', type: 'timestamptz', default: () => 'now()' };
const id: EntitySchemaColumnOptions = { type: 'char', length: 26, primary: true };
const name: EntitySchemaColumnOptions = { type: 'varchar', length: 63, unique: true };
const version: EntitySchemaColumnOptions = { type: 'integer', default: 1 };

const definitionEntity = (role: Role) =>
  new EntitySchema<Definition>({
    name: role,
    schema: CATALOG_SCHEMA,
    tableName: role,
    columns: {
      id,
      name,
      type: { type: 'varchar', length: 63 },
      config: { type: 'json' },
      secrets: { type: 'json' },
      createdAt: created,
      updatedAt: updated,
      version,
    },
  });

export const definitionEntities = { source: definitionEntity('source'), sink: definitionEntity('sink') } as const;

export const jobEntity = new EntitySchema<Job>({
  name: 'job',
  schema: CATALOG_SCHEMA,
  tableName: 'job',
  columns: {
    id,
    name,
    document: { type: 'json' },
    module: { type: 'char', length: 64, nullable: true },
    desired: { type: 'varchar', length: 16, default: 'running' },
    status: { type: 'varchar', length: 32, default: 'NOT_RUNNING' },
    restartRequested: { name: 'restart_requested', type: 'integer', default: 0 },
    generation: { type: 'bigint', default: 0, transformer: int8 },
    error: { type: 'json', nullable: true },
    executionStartedAt: { name: 'execution_started_at', type: 'timestamptz', nullable: true },
    startedAt: { name: 'started_at', type: 'timestamptz', nullable: true },
    endedAt: { name: 'ended_at', type: 'timestamptz', nullable: true },
    counts: { type: 'json', nullable: true },
    createdAt: created,
    updatedAt: updated,
    version,
  },
});

export const witnessEntity = new EntitySchema<SnapshotWitness>({
  name: 'snapshot_witness',
  schema: CATALOG_SCHEMA,
  tableName: 'snapshot_witness',
  columns: {
    jobId: { name: 'job_id', type: 'char', length: 26, primary: true },
    snapshotId: { name: 'snapshot_id', type: 'bigint', transformer: int8 },
    generation: { type: 'bigint', transformer: int8 },
    state: { type: 'bytea', nullable: true },
    stateHash: { name: 'state_hash', type: 'text' },
    takenAt: { name: 'taken_at', type: 'timestamptz' },
  },
});

export const idempotencyEntity = new EntitySchema<IdempotencyRecord>({
  name: 'idempotency_key',
  schema: CATALOG_SCHEMA,
  tableName: 'idempotency_key',
  columns: {
    route: { type: 'varchar', length: 200, primary: true },
    key: { type: 'varchar', length: 200, primary: true },
    bodyMac: { name: 'body_mac', type: 'text' },
    resourceId: { name: 'resource_id', type: 'char', length: 26 },
    status: { type: 'integer', nullable: true },
    body: { type: 'json', nullable: true },
    claimedAt: { name: 'claimed_at', type: 'timestamptz', default: () => 'now()' },
  },
});
