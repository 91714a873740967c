import { Catalog } from '@millrace/catalog';
import { HISTORY_METRICS, type HistoryMetric } from '@millrace/cluster';
import { MillraceError } from '@millrace/kernel';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { type Actor, Caller } from '../../access/actor.ts';
import { Answers, IdPath, QueryOf } from '../../http/api-docs.ts';
import { BadParameter } from '../../http/errors.ts';
import { Executions } from '../../queue/executions.ts';
import { snapshotView } from '../figures.view.ts';
import { type HistoryQuery, type HistoryView, historyQuerySchema, historySchema } from '../history.schemas.ts';
import { troubleSchema } from '../overview/overview.schemas.ts';
import { AnswersStream } from '../stream/answers-stream.ts';
import { follow } from '../stream/follow.ts';
import { Streams } from '../stream/streams.ts';
import { executionView } from './execution.view.ts';
import { JobChanges, JobFeeds } from './job-feeds.ts';
import { executionsSchema, JOB_EVENTS, snapshotsSchema } from './job-live.schemas.ts';
import { type JobTablesView, jobTablesSchema, jobTablesView } from './job-tables.ts';

const HISTORY_STEP_MS = 10_000;

@ApiTags('jobs')
@Controller('api/v1/jobs/:id')
export class JobLiveController {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
    private readonly feeds: JobFeeds,
    private readonly streams: Streams,
  ) {}

  @Get('history')
  @IdPath('The last hour of a job, a point every ten seconds.')
  @QueryOf(historyQuerySchema)
  @Answers(200, historySchema)
  async history(
    @Param('id') id: string,
    @Query({ schema: historyQuerySchema }) { metric }: HistoryQuery,
  ): Promise<HistoryView> {
    const metrics = metricsOf(metric);
    const job = await this.catalog.jobs.get(id);
    const points = await this.executions.asked(this.executions.board.history(job.id));
    return {
      metrics,
      stepMs: HISTORY_STEP_MS,
      points: points.map((point) => [point.at, ...metrics.map((name) => point[name])]),
    };
  }

  @Get('snapshots')
  @IdPath('The last snapshots of a job: how long their parts took, and how large they are.')
  @Answers(200, snapshotsSchema)
  async snapshots(@Param('id') id: string): Promise<z.infer<typeof snapshotsSchema>> {
    const job = await this.catalog.jobs.get(id);
    const { executions } = this;
    const [snapshots, retained] = await Promise.all([
      executions.asked(executions.board.snapshots(job.id)),
      executions.retained(job.id),
    ]);
    const items = snapshots.map((snapshot) => ({
      ...snapshotView(snapshot),
      isRetained: retained.some(
        ({ snapshotId, generation }) => snapshotId === snapshot.id && generation === snapshot.generation,
      ),
    }));
    return { items };
  }

  @Get('tables')
  @IdPath('The tables a job captures: which phase each is in, and how far its initial load is.')
  @Answers(200, jobTablesSchema)
  async tables(@Param('id') id: string): Promise<JobTablesView> {
    const job = await this.catalog.jobs.get(id);
    return jobTablesView(job, await this.executions.figures(job.id));
  }

  @Get('executions')
  @IdPath('The last executions of a job: who ran it, from when to when, and why each ended.')
  @Answers(200, executionsSchema)
  async list(@Param('id') id: string): Promise<z.infer<typeof executionsSchema>> {
    const job = await this.catalog.jobs.get(id);
    return { items: (await this.catalog.executions.list(job.id)).map(executionView) };
  }

  @Get('events')
  @IdPath('A job as it changes: status, figures, snapshots, executions (server-sent events).')
  @AnswersStream('What is so at first, then what has changed, once a second.', {
    ...JOB_EVENTS,
    trouble: troubleSchema,
  })
  async events(@Param('id') id: string, @Caller() caller: Actor, @Res() reply: FastifyReply): Promise<void> {
    const job = await this.catalog.jobs.get(id);
    const stream = this.streams.open(caller, reply);
    const viewer = new JobChanges();
    follow(this.feeds.of(job.id), stream, (state) => viewer.next(state));
    stream.whenEnded(() => this.feeds.left(job.id));
  }
}

function metricsOf(text: string | undefined): HistoryMetric[] {
  if (text === undefined) return [...HISTORY_METRICS];
  return text.split(',').map((name) => {
    const metric = HISTORY_METRICS.find((each) => each === name);
    if (metric !== undefined) return metric;
    throw new MillraceError(BadParameter, {
      message: `there is no metric "${name}"`,
      mend: `Metrics are ${HISTORY_METRICS.join(', ')}.`,
      details: { parameter: 'metric' },
    });
  });
}
