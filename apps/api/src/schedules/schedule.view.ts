import type { Schedule, ScheduleRun } from '@millrace/catalog';
import { errorView, runView } from '../jobs/job.view.ts';
import { CronPattern } from './cron.ts';
import type { ScheduleRunView, ScheduleView } from './schedule.schemas.ts';

const TICKS_SHOWN = 5;
const NO_RUN = { startedAt: null, endedAt: null, counts: null };

/** @param now what the next ticks come behind */
export function scheduleView(schedule: Schedule, lastRun: ScheduleRun | undefined, now: Date): ScheduleView {
  const { id, name, template, cron, timeZone, overlap, missed, deadline, keep, suspended, version } = schedule;
  const ticks = suspended ? [] : new CronPattern(cron, timeZone).upcoming(TICKS_SHOWN, now);
  return {
    id,
    name,
    template: { ...template },
    cron,
    timeZone,
    overlap,
    missed,
    deadline,
    keep,
    suspended,
    nextTicks: ticks.map((tick) => tick.toISOString()),
    lastRun: lastRun === undefined ? null : scheduleRunView(lastRun),
    createdAt: schedule.createdAt.toISOString(),
    updatedAt: schedule.updatedAt.toISOString(),
    version,
  };
}

export function scheduleRunView({
  id,
  tick,
  isManual,
  outcome,
  missedBefore,
  jobName,
  error,
  job,
}: ScheduleRun): ScheduleRunView {
  return {
    id,
    tick: tick.toISOString(),
    isManual,
    outcome,
    missedBefore,
    jobName,
    status: job?.status ?? null,
    desired: job?.desired ?? null,
    error: errorView({ error: error ?? job?.error ?? null }),
    ...runView(job ?? NO_RUN),
  };
}
