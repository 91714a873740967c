import { Catalog, type Job } from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../access/roles.ts';
import { Answers, ChangesVersion, IdPath, JsonBody, ListQuery, Posts } from '../http/api-docs.ts';
import { IfMatch } from '../http/if-match.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { RequestId } from '../http/request-id.ts';
import { ResourceId } from '../http/resource-id.ts';
import { type FiguresView, figuresSchema } from '../live/figures.schemas.ts';
import { CommandJobUseCase } from './command-job.use-case.ts';
import { DeleteJobUseCase } from './delete-job.use-case.ts';
import {
  type DeletedJobView,
  deletedJobSchema,
  type JobView,
  jobPageSchema,
  jobViewSchema,
  PLAN_FORMATS,
  type PlanQuery,
  planQuerySchema,
  planViewSchema,
  type SubmitQuery,
  submitQuerySchema,
  submittedJobSchema,
} from './job.schemas.ts';
import { jobView } from './job.view.ts';
import { PlanJobUseCase } from './plan-job.use-case.ts';
import { ReadFiguresUseCase } from './read-figures.use-case.ts';
import { SubmitJobUseCase } from './submit-job.use-case.ts';

@ApiTags('jobs')
@Controller('api/v1/jobs')
export class JobsController {
  constructor(
    private readonly catalog: Catalog,
    private readonly submitJob: SubmitJobUseCase,
    private readonly planJob: PlanJobUseCase,
    private readonly commandJob: CommandJobUseCase,
    private readonly deleteJob: DeleteJobUseCase,
    private readonly readFigures: ReadFiguresUseCase,
  ) {}

  @Post()
  @Posts('Checks a pipeline, and its systems unless check=false, and has it run.')
  @ApiQuery({ name: 'check', required: false, schema: { type: 'string', enum: ['true', 'false'], default: 'true' } })
  @JsonBody('Pipeline')
  @Answers(201, submittedJobSchema)
  async submit(
    @ResourceId() id: string,
    @Query({ schema: submitQuerySchema }) { check }: SubmitQuery,
    @Body() document: unknown,
  ): Promise<JobView & { warnings: unknown }> {
    const { job, warnings } = await this.submitJob.execute(id, document, check === 'true');
    return { ...jobView(job), warnings };
  }

  @Post('plan')
  @HttpCode(200)
  @NeedsRole('editor', { unaudited: true })
  @Posts('Shows how a job would run: the DAG, what is fused and why not. Makes nothing.')
  @ApiQuery({ name: 'format', required: false, schema: { type: 'string', enum: [...PLAN_FORMATS], default: 'json' } })
  @JsonBody('Pipeline')
  @Answers(200, planViewSchema)
  plan(@Query({ schema: planQuerySchema }) { format }: PlanQuery, @Body() document: unknown): Promise<unknown> {
    return this.planJob.execute(document, format);
  }

  @Get()
  @ListQuery('Lists jobs in the order of their making.')
  @Answers(200, jobPageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<JobView>> {
    const page = await this.catalog.jobs.list(pageRequest(query));
    const ids = page.items.map(({ id }) => id);
    const letters = await this.catalog.deadLetters.unresolved(ids);
    const schedules = await this.catalog.scheduleRuns.schedulesOf(ids);
    return pageView(page, (job) => jobView(job, { letters: letters.get(job.id), schedule: schedules.get(job.id) }));
  }

  @Get(':id')
  @IdPath('Shows a job: what was asked for, what it is doing, why it failed.')
  @Answers(200, jobViewSchema)
  async get(@Param('id') id: string): Promise<JobView> {
    return this.#view(await this.catalog.jobs.get(id));
  }

  @Delete(':id')
  @IdPath('Deletes a job that is not active, with what it made for itself at its systems.')
  @ChangesVersion()
  @Answers(200, deletedJobSchema)
  delete(
    @Param('id') id: string,
    @RequestId() requestId: string,
    @IfMatch() version: number | undefined,
  ): Promise<DeletedJobView> {
    return this.deleteJob.execute(id, requestId, version);
  }

  @Get(':id/metrics')
  @IdPath('Live figures of a running job: rows, rates, back-pressure, lag, snapshots.')
  @Answers(200, figuresSchema)
  metrics(@Param('id') id: string): Promise<FiguresView> {
    return this.readFigures.execute(id);
  }

  @Post(':id/suspend')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Takes a snapshot and stops; the slot and the state are kept.', { id: true })
  @Answers(202, jobViewSchema)
  async suspend(@Param('id') id: string): Promise<JobView> {
    return this.#view(await this.commandJob.execute('suspend', id));
  }

  @Post(':id/resume')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Goes on from the newest snapshot, also after a failure.', { id: true })
  @Answers(202, jobViewSchema)
  async resume(@Param('id') id: string): Promise<JobView> {
    return this.#view(await this.commandJob.execute('resume', id));
  }

  @Post(':id/restart')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Ends the execution and starts another from the newest snapshot.', { id: true })
  @Answers(202, jobViewSchema)
  async restart(@Param('id') id: string): Promise<JobView> {
    return this.#view(await this.commandJob.execute('restart', id));
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @NeedsRole('operator')
  @Posts('Ends the job for good.', { id: true })
  @Answers(202, jobViewSchema)
  async cancel(@Param('id') id: string): Promise<JobView> {
    return this.#view(await this.commandJob.execute('cancel', id));
  }

  async #view(job: Job): Promise<JobView> {
    const letters = (await this.catalog.deadLetters.unresolved([job.id])).get(job.id);
    return jobView(job, { letters, schedule: (await this.catalog.scheduleRuns.schedulesOf([job.id])).get(job.id) });
  }
}
