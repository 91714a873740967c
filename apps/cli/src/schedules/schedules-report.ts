import { flowOf, NONE, type StageCounts, seconds } from '../jobs/jobs-report.ts';
import { tableLines } from '../table.ts';

/** What the API answers about schedules, as far as it is shown. */
export interface ScheduleView {
  readonly id: string;
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: string;
  readonly suspended: boolean;
  readonly nextTicks: readonly string[];
  readonly lastRun: RunView | null;
}

export interface RunView {
  readonly tick: string;
  readonly outcome: string;
  readonly missedBefore: number;
  readonly jobName: string;
  readonly status: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly durationMs: number | null;
  readonly counts: readonly StageCounts[] | null;
}

/** The status of its job where there is one: a run that was submitted says nothing by that. */
const stateOf = ({ outcome, status }: Pick<RunView, 'outcome' | 'status'>): string => status ?? outcome;

const nextOf = ({ suspended, nextTicks }: ScheduleView): string =>
  suspended ? 'suspended' : (nextTicks[0] ?? 'never');

export function schedulesLines(schedules: readonly ScheduleView[]): readonly string[] {
  if (schedules.length === 0) return ['there are no schedules'];
  const rows = schedules.map((schedule) => {
    const { name, cron, timeZone, lastRun } = schedule;
    const last = lastRun === null ? [NONE, NONE, NONE] : [lastRun.tick, stateOf(lastRun), flowOf(lastRun.counts).out];
    return [name, cron, timeZone, nextOf(schedule), ...last];
  });
  return tableLines(['SCHEDULE', 'CRON', 'TIME ZONE', 'NEXT TICK', 'LAST RUN', 'STATUS', 'ROWS OUT'], rows);
}

export function scheduleLines(schedule: ScheduleView): readonly string[] {
  const { id, name, cron, timeZone, overlap, suspended, nextTicks } = schedule;
  const next = suspended ? 'it is suspended' : `next: ${nextTicks.length === 0 ? 'never' : nextTicks.join(', ')}`;
  return [`schedule ${name} (${id}): ${cron} in ${timeZone}, overlap ${overlap}`, next];
}

export function runLines(runs: readonly RunView[]): readonly string[] {
  if (runs.length === 0) return ['it has not run yet'];
  const rows = runs.map((run) => {
    const flow = flowOf(run.counts);
    const { tick, jobName, error, durationMs, missedBefore } = run;
    return [
      tick,
      stateOf(run),
      seconds(durationMs),
      flow.in,
      flow.out,
      String(missedBefore),
      jobName,
      error?.code ?? '',
    ];
  });
  return tableLines(['TICK', 'STATUS', 'TOOK', 'ROWS IN', 'ROWS OUT', 'MISSED BEFORE', 'JOB', 'ERROR'], rows);
}
