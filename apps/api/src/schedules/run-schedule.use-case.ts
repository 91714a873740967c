import { Catalog, type Schedule, ScheduleBusy, type ScheduleRun, type Tick, type Ticked } from '@millrace/catalog';
import { type Clock, type IdSource, MillraceError, parseDurationMs, toErrorRecord } from '@millrace/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { type PreparedJob, SubmitJobUseCase } from '../jobs/submit-job.use-case.ts';
import { Executions } from '../queue/executions.ts';
import { CLOCK, IDS } from '../tokens.ts';
import { CronPattern } from './cron.ts';
import { dueTick } from './due-tick.ts';
import { withTick } from './placeholders.ts';

type Work = Exclude<Tick['work'], 'missed'>;

/** Turns ticks into jobs. The catalog decides who does; that workers are told is only to save them time. */
@Injectable()
export class RunScheduleUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly submitJob: SubmitJobUseCase,
    private readonly executions: Executions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** The last tick of a schedule that has come; those before it are missed. */
  async takeDue(schedule: Schedule): Promise<void> {
    const now = new Date(this.clock.nowMs());
    const pattern = new CronPattern(schedule.cron, schedule.timeZone);
    const due = dueTick(pattern, schedule.nextTick!, now);
    const isLate = now.getTime() - due.tick.getTime() > latenessOf(schedule);
    const id = this.ids.next();
    const jobName = nameAt(schedule, due.tick, false);
    const take = (work: Tick['work']): Promise<Ticked | undefined> =>
      this.catalog.scheduleRuns.take(schedule, pattern.next(now), { id, ...due, jobName, work });
    if (isLate) await take('missed');
    else await this.#do(schedule, { id, tick: due.tick, jobName }, take);
  }

  /** A tick that has waited for the run before. */
  async release(schedule: Schedule, run: Pick<ScheduleRun, 'id' | 'tick' | 'jobName'>): Promise<void> {
    await this.#do(schedule, run, (work) =>
      this.catalog.scheduleRuns.release({ scheduleId: schedule.id, id: run.id }, work),
    );
  }

  /**
   * A run that somebody asks for.
   * @param id of the run, and of its job
   * @throws MillraceError `schedule.unknown`, `schedule.busy`, and why its job cannot be submitted
   */
  async now(idOrName: string, id: string): Promise<string> {
    const schedule = await this.catalog.schedules.get(idOrName);
    const tick = new Date(this.clock.nowMs());
    const jobName = nameAt(schedule, tick, true);
    const { input: job } = await this.prepare(schedule, { id, tick, jobName }, false);
    const ticked = await this.catalog.scheduleRuns.ask(schedule.id, {
      id,
      tick,
      missedBefore: 0,
      jobName,
      work: { job },
    });
    if (ticked === undefined) throw busy(schedule);
    await this.#tell(ticked);
    return ticked.run.id;
  }

  /** The job of a tick, checked. @throws MillraceError what submitting it throws, with pointers into the template */
  prepare(
    schedule: Pick<Schedule, 'template' | 'cron' | 'timeZone'>,
    { id, tick, jobName }: Pick<ScheduleRun, 'id' | 'tick' | 'jobName'>,
    check: boolean,
  ): Promise<PreparedJob> {
    const { timeZone, template } = schedule;
    const previous = new CronPattern(schedule.cron, timeZone).before(tick);
    const { document, issues } = withTick(template, { tick, previous, timeZone });
    return this.submitJob.prepare(id, { ...document, name: jobName }, check, issues);
  }

  /** A job that cannot be submitted is a run that is refused, so that the schedule goes on and people see why. */
  async #do(
    schedule: Schedule,
    run: Pick<ScheduleRun, 'id' | 'tick' | 'jobName'>,
    write: (work: Work) => Promise<Ticked | undefined>,
  ): Promise<void> {
    let ticked: Ticked | undefined;
    try {
      const { input: job } = await this.prepare(schedule, run, false);
      ticked = await write({ job });
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code.domain !== 'user') throw error;
      ticked = await write({ error: toErrorRecord(error) });
    }
    if (ticked !== undefined) await this.#tell(ticked);
  }

  async #tell({ run, cancelled }: Ticked): Promise<void> {
    if (run.outcome === 'submitted') {
      await this.executions.submit(run.id, 1);
      await this.executions.poke(run.id);
    }
    for (const id of cancelled) await this.executions.poke(id);
  }
}

/** How late a tick may be when nothing is made up for: long enough for an API that is just starting again. */
const PUNCTUAL_MS = 60_000;

const latenessOf = ({ missed, deadline }: Schedule): number =>
  missed === 'none' ? PUNCTUAL_MS : Math.max(PUNCTUAL_MS, parseDurationMs(deadline)!);

/** `nightly-20261129T0100Z`; of one that somebody asked for to the millisecond. */
export function nameAt({ name }: Pick<Schedule, 'name'>, tick: Date, isManual: boolean): string {
  const digits = tick.toISOString().replace(/[-:.]/g, '');
  return `${name}-${isManual ? digits : `${digits.slice(0, 'yyyymmddThhmm'.length)}Z`}`;
}

const busy = ({ name }: Schedule): MillraceError =>
  new MillraceError(ScheduleBusy, {
    message: `a run of the schedule "${name}" is not over, and its overlap is skip`,
    mend: `Wait for it (GET /api/v1/schedules/${name}/runs), cancel its job, or set overlap to queue or cancel-previous.`,
  });
