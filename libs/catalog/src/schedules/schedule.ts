import type { ErrorRecord } from '@millrace/kernel';
import { EntitySchema } from 'typeorm';
import { CATALOG_SCHEMA, type Job } from '../entities.ts';

/** What happens at a tick while a run of the schedule is not over. */
export type Overlap = 'skip' | 'queue' | 'cancel-previous';

/** A job that is submitted again and again. */
export interface Schedule {
  readonly id: string;
  readonly name: string;
  /** A job document without its name, with placeholders. */
  readonly template: Readonly<Record<string, unknown>>;
  /** Five fields. */
  readonly cron: string;
  /** IANA. */
  readonly timeZone: string;
  readonly overlap: Overlap;
  /** What is run of ticks that nobody was there for. */
  readonly missed: 'latest' | 'none';
  /** How late a tick may be run, as a duration such as `1h`. */
  readonly deadline: string;
  /** Runs that are over and kept. */
  readonly keep: number;
  readonly suspended: boolean;
  /** `null`: suspended, or the pattern never comes again. */
  readonly nextTick: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Raised by every change the user makes (not by ticks); the ETag. */
  readonly version: number;
}

export type ScheduleInput = Omit<Schedule, 'id' | 'createdAt' | 'updatedAt' | 'version'>;

/**
 * `queued`: waits for the run before. `submitted`: there is a job. `skipped`: the run before was not over, or another took its place in the queue. `missed`: nobody
 * was there in time. `refused`: its job could not be submitted.
 */
export type RunOutcome = 'queued' | 'submitted' | 'skipped' | 'missed' | 'refused';

/** What became of a tick. */
export interface ScheduleRun {
  /** ULID; of its job too. */
  readonly id: string;
  readonly scheduleId: string;
  readonly tick: Date;
  /** Somebody asked for it. */
  readonly isManual: boolean;
  readonly outcome: RunOutcome;
  /** Ticks right before it that were missed and are not written down one by one. */
  readonly missedBefore: number;
  readonly jobName: string;
  /** Why it was refused. */
  readonly error: ErrorRecord | null;
  /** `null`: there is none, or it was deleted. */
  readonly job: Pick<Job, 'id' | 'name' | 'status' | 'desired' | 'error' | 'startedAt' | 'endedAt' | 'counts'> | null;
}

export const scheduleEntity = new EntitySchema<Schedule>({
  name: 'schedule',
  schema: CATALOG_SCHEMA,
  tableName: 'schedule',
  columns: {
    id: { type: 'char', length: 26, primary: true },
    name: { type: 'varchar', length: 63, unique: true },
    template: { type: 'json' },
    cron: { type: 'text' },
    timeZone: { name: 'time_zone', type: 'text' },
    overlap: { type: 'varchar', length: 16 },
    missed: { type: 'varchar', length: 16 },
    deadline: { type: 'text' },
    keep: { type: 'integer' },
    suspended: { type: 'boolean' },
    nextTick: { name: 'next_tick', type: 'timestamptz', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz', createDate: true },
    updatedAt: { name: 'updated_at', type: 'timestamptz', default: () => 'now()' },
    version: { type: 'integer', default: 1 },
  },
});
