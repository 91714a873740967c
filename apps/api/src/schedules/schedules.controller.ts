import { Catalog, type Schedule } from '@millrace/catalog';
import type { Clock } from '@millrace/kernel';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../access/roles.ts';
import { Answers, ChangesVersion, IdPath, ListQuery, Posts, QueryOf } from '../http/api-docs.ts';
import { IfMatch } from '../http/if-match.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { ResourceId } from '../http/resource-id.ts';
import { type SubmitQuery, submitQuerySchema } from '../jobs/job.schemas.ts';
import { CLOCK } from '../tokens.ts';
import { RunScheduleUseCase } from './run-schedule.use-case.ts';
import { SaveScheduleUseCase } from './save-schedule.use-case.ts';
import {
  type CreateSchedule,
  createScheduleSchema,
  type PatchSchedule,
  patchScheduleSchema,
  type ScheduleRunView,
  type ScheduleView,
  savedScheduleSchema,
  schedulePageSchema,
  scheduleRunPageSchema,
  scheduleRunSchema,
  scheduleViewSchema,
} from './schedule.schemas.ts';
import { scheduleRunView, scheduleView } from './schedule.view.ts';

@ApiTags('schedules')
@Controller('api/v1/schedules')
export class SchedulesController {
  constructor(
    private readonly catalog: Catalog,
    private readonly saveSchedule: SaveScheduleUseCase,
    private readonly runSchedule: RunScheduleUseCase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @Posts(
    'Has a job submitted at the ticks of a pattern. The job of the next tick is checked, its systems too unless check=false.',
  )
  @QueryOf(submitQuerySchema)
  @Answers(201, savedScheduleSchema)
  async create(
    @ResourceId() id: string,
    @Query({ schema: submitQuerySchema }) { check }: SubmitQuery,
    @Body({ schema: createScheduleSchema }) body: CreateSchedule,
  ): Promise<ScheduleView & { warnings: unknown }> {
    const { schedule, warnings } = await this.saveSchedule.create(id, body, check === 'true');
    return { ...(await this.#view(schedule)), warnings };
  }

  @Get()
  @ListQuery('Lists schedules in the order of their making, each with its next ticks and its last run.')
  @Answers(200, schedulePageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<ScheduleView>> {
    const page = await this.catalog.schedules.list(pageRequest(query));
    const runs = await this.catalog.scheduleRuns.newest(page.items.map(({ id }) => id));
    return pageView(page, (schedule) => scheduleView(schedule, runs.get(schedule.id), this.#now()));
  }

  @Get(':id')
  @IdPath('Shows a schedule with its next ticks and its last run.')
  @Answers(200, scheduleViewSchema)
  async get(@Param('id') id: string): Promise<ScheduleView> {
    return this.#view(await this.catalog.schedules.get(id));
  }

  @Get(':id/runs')
  @ListQuery('Lists what became of the ticks of a schedule, the newest first, with the counts of their jobs.')
  @IdPath('Lists what became of the ticks of a schedule, the newest first, with the counts of their jobs.')
  @Answers(200, scheduleRunPageSchema)
  async runs(
    @Param('id') id: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<PageView<ScheduleRunView>> {
    const schedule = await this.catalog.schedules.get(id);
    return pageView(await this.catalog.scheduleRuns.list(schedule.id, pageRequest(query)), scheduleRunView);
  }

  @Patch(':id')
  @IdPath('Changes a schedule. Jobs that were submitted stay as they are.')
  @ChangesVersion()
  @QueryOf(submitQuerySchema)
  @Answers(200, savedScheduleSchema)
  async patch(
    @Param('id') id: string,
    @Query({ schema: submitQuerySchema }) { check }: SubmitQuery,
    @Body({ schema: patchScheduleSchema }) body: PatchSchedule,
    @IfMatch() version: number | undefined,
  ): Promise<ScheduleView & { warnings: unknown }> {
    const { schedule, warnings } = await this.saveSchedule.patch(id, body, version, check === 'true');
    return { ...(await this.#view(schedule)), warnings };
  }

  @Delete(':id')
  @HttpCode(204)
  @IdPath('Deletes a schedule. Its jobs stay; runs that wait do not.')
  @ChangesVersion()
  @Answers(204)
  async delete(@Param('id') id: string, @IfMatch() version: number | undefined): Promise<void> {
    await this.catalog.schedules.delete(id, version);
  }

  @Post(':id/run')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts(
    'Runs it now, beside its ticks. A run that is not over is treated as overlap says; with skip it is an error.',
    { id: true },
  )
  @Answers(202, scheduleRunSchema)
  async run(@Param('id') id: string, @ResourceId() runId: string): Promise<ScheduleRunView> {
    const made = await this.runSchedule.now(id, runId);
    return scheduleRunView(await this.catalog.scheduleRuns.get(made));
  }

  @Post(':id/suspend')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Stops its ticks. A run that has begun goes on.', { id: true })
  @Answers(202, scheduleViewSchema)
  async suspend(@Param('id') id: string): Promise<ScheduleView> {
    return this.#view(await this.saveSchedule.suspend(id));
  }

  @Post(':id/resume')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Lets it tick again, from now on.', { id: true })
  @Answers(202, scheduleViewSchema)
  async resume(@Param('id') id: string): Promise<ScheduleView> {
    return this.#view(await this.saveSchedule.resume(id));
  }

  #now(): Date {
    return new Date(this.clock.nowMs());
  }

  async #view(schedule: Schedule): Promise<ScheduleView> {
    const runs = await this.catalog.scheduleRuns.newest([schedule.id]);
    return scheduleView(schedule, runs.get(schedule.id), this.#now());
  }
}
