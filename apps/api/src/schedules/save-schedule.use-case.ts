import { Catalog, type Schedule, type ScheduleInput, versionConflict } from '@millrace/catalog';
import type { Finding } from '@millrace/connector-contract';
import { type Clock, errorCode, MillraceError } from '@millrace/kernel';
import type { InputIssue } from '@millrace/pipeline';
import { Inject, Injectable } from '@nestjs/common';
import { mergePatch } from '../definitions/merge-patch.ts';
import { CLOCK } from '../tokens.ts';
import { CronPattern, cronIssues } from './cron.ts';
import { nameAt, RunScheduleUseCase } from './run-schedule.use-case.ts';
import type { CreateSchedule, PatchSchedule } from './schedule.schemas.ts';

export const InvalidSchedule = errorCode('schedule.invalid', {
  domain: 'user',
  retry: 'never',
  title: 'The schedule is not valid',
});

interface Saved {
  readonly schedule: Schedule;
  readonly warnings: readonly Finding[];
}

type Written = Omit<ScheduleInput, 'nextTick'>;

/** Checks a schedule with the job of its next tick, and keeps it. */
@Injectable()
export class SaveScheduleUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly runSchedule: RunScheduleUseCase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws MillraceError `schedule.invalid`, `schedule.name_taken`, `schedule.too_many`, and what submitting its job throws */
  async create(id: string, given: CreateSchedule, check: boolean): Promise<Saved> {
    const { nextTick, warnings } = await this.#check(id, given, check);
    return { schedule: await this.catalog.schedules.create(id, { ...given, nextTick }), warnings };
  }

  /** @param expectedVersion from `If-Match`; without it the change is made from what is stored now */
  async patch(
    idOrName: string,
    patch: PatchSchedule,
    expectedVersion: number | undefined,
    check: boolean,
  ): Promise<Saved> {
    const before = await this.#read(idOrName, expectedVersion);
    const { name, template, cron, timeZone, overlap, missed, deadline, keep, suspended } = before;
    const old: Written = { name, template, cron, timeZone, overlap, missed, deadline, keep, suspended };
    const merged = mergePatch(old as never, patch as never) as unknown as Written;
    const { nextTick, warnings } = await this.#check(before.id, merged, check);
    // A tick that has come and is not taken yet stays due, unless the pattern is another.
    const isSameTime = cron === merged.cron && timeZone === merged.timeZone && suspended === merged.suspended;
    const input = { ...merged, nextTick: isSameTime ? before.nextTick : nextTick };
    const how = { action: 'schedule.update', expectedVersion: before.version };
    return { schedule: await this.catalog.schedules.change(before.id, input, how), warnings };
  }

  /** No ticks any more; already so is fine. */
  async suspend(idOrName: string): Promise<Schedule> {
    const { id, version: expectedVersion, suspended, ...rest } = await this.#read(idOrName, undefined);
    if (suspended) return { id, version: expectedVersion, suspended, ...rest };
    const how = { action: 'schedule.suspend', expectedVersion };
    return this.catalog.schedules.change(id, { suspended: true, nextTick: null }, how);
  }

  /** Ticks again from now on; already so is fine. */
  async resume(idOrName: string): Promise<Schedule> {
    const schedule = await this.#read(idOrName, undefined);
    if (!schedule.suspended) return schedule;
    const how = { action: 'schedule.resume', expectedVersion: schedule.version };
    return this.catalog.schedules.change(schedule.id, { suspended: false, nextTick: this.#next(schedule) }, how);
  }

  async #read(idOrName: string, expectedVersion: number | undefined): Promise<Schedule> {
    const schedule = await this.catalog.schedules.get(idOrName);
    if (expectedVersion !== undefined && expectedVersion !== schedule.version)
      throw versionConflict(schedule, expectedVersion);
    return schedule;
  }

  async #check(
    id: string,
    schedule: Written,
    check: boolean,
  ): Promise<{ readonly nextTick: Date | null; readonly warnings: readonly Finding[] }> {
    const now = new Date(this.clock.nowMs());
    const issues = cronIssues(schedule.cron, schedule.timeZone, now);
    if ('name' in schedule.template) throw invalid([...issues, nameInTemplate]);
    if (issues.length > 0) throw invalid(issues);
    const next = this.#next(schedule)!;
    const run = { id, tick: next, jobName: nameAt(schedule, next, false) };
    const { warnings } = await this.runSchedule.prepare(schedule, run, check);
    return { nextTick: schedule.suspended ? null : next, warnings };
  }

  #next({ cron, timeZone }: Pick<Schedule, 'cron' | 'timeZone'>): Date | null {
    return new CronPattern(cron, timeZone).next(new Date(this.clock.nowMs()));
  }
}

const nameInTemplate: InputIssue = {
  code: 'schedule.name_in_template',
  message: 'the template has a name',
  mend: 'Leave it out: each job is called by the schedule and the time of its tick.',
  pointer: '/template/name',
};

const invalid = (errors: readonly InputIssue[]): MillraceError =>
  new MillraceError(InvalidSchedule, {
    message: errors[0]!.message,
    mend: errors[0]!.mend,
    pointer: errors[0]!.pointer,
    details: { errors },
  });
