import { Catalog, type Job } from '@millrace/catalog';
import type { JobFigures } from '@millrace/cluster';
import { MillraceError } from '@millrace/kernel';
import { checkSampleFilter } from '@millrace/pipeline';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Actor, Caller } from '../../access/actor.ts';
import { NeedsRole } from '../../access/roles.ts';
import { IdPath, QueryOf } from '../../http/api-docs.ts';
import { NoFigures, ReadFiguresUseCase } from '../../jobs/read-figures.use-case.ts';
import { Executions } from '../../queue/executions.ts';
import { jobTablesView } from '../job/job-tables.ts';
import { AnswersStream } from '../stream/answers-stream.ts';
import { Streams } from '../stream/streams.ts';
import { sourceTailQuerySchema, TAIL_EVENTS, type TailQuery, tailQuerySchema } from './tail.schemas.ts';
import { edgesOf, Tail } from './tail.ts';

/** Rows are data of the systems, so to look at them takes more than to look at figures. */
@ApiTags('tail')
@Controller('api/v1')
export class TailController {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
    private readonly readFigures: ReadFiguresUseCase,
    private readonly streams: Streams,
    private readonly tail: Tail,
  ) {}

  @Get('jobs/:id/tail')
  @NeedsRole('operator')
  @IdPath('Rows that cross edges of a running job, a sample of fifty a second at most (server-sent events).')
  @QueryOf(tailQuerySchema)
  @AnswersStream('What is looked at (`begun`), then samples.', TAIL_EVENTS)
  async ofJob(
    @Param('id') id: string,
    @Query({ schema: tailQuerySchema }) query: TailQuery,
    @Caller() caller: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (query.filter !== undefined) checkSampleFilter(query.filter);
    const figures = await this.readFigures.running(await this.catalog.jobs.get(id));
    const edges = edgesOf(figures, query);
    await this.tail.show(this.streams.open(caller, reply), figures, edges, query.filter);
  }

  @Get('sources/:id/tail')
  @NeedsRole('operator')
  @IdPath('Change events of a source, as one of the jobs that use it gets them (server-sent events).')
  @QueryOf(sourceTailQuerySchema)
  @AnswersStream('Which job is looked at (`begun`), then samples.', TAIL_EVENTS)
  async ofSource(
    @Param('id') id: string,
    @Query({ schema: sourceTailQuerySchema }) { filter }: Pick<TailQuery, 'filter'>,
    @Caller() caller: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (filter !== undefined) checkSampleFilter(filter);
    const source = await this.catalog.sources.get(id);
    const { figures, vertex } = await this.#runningJobOf(source.name);
    await this.tail.show(this.streams.open(caller, reply), figures, edgesOf(figures, { vertex }), filter);
  }

  /** The busiest that runs: of one that reads quiet tables there would be nothing to see. */
  async #runningJobOf(source: string): Promise<{ readonly figures: JobFigures; readonly vertex: string }> {
    let busiest: { readonly figures: JobFigures; readonly vertex: string } | undefined;
    for (const { id } of await this.catalog.jobs.using('source', source)) {
      const job = await this.catalog.jobs.find(id);
      const figures = await this.executions.figures(id);
      const vertex = job && figures && vertexOf(job, figures, source);
      if (figures === undefined || vertex === undefined) continue;
      if (busiest === undefined || figures.flow.inPerSecond > busiest.figures.flow.inPerSecond)
        busiest = { figures, vertex };
    }
    if (busiest !== undefined) return busiest;
    throw new MillraceError(NoFigures, {
      message: `no job that reads the source "${source}" runs at the moment`,
      mend: 'Start a job that uses it; its change events are read by jobs, never for being looked at alone.',
    });
  }
}

/** Name of the vertex that reads the source. */
const vertexOf = (job: Job, figures: JobFigures, source: string): string | undefined =>
  jobTablesView(job, undefined).items.find(
    (item) => item.source === source && figures.vertices.some(({ vertex }) => vertex === item.stage),
  )?.stage;
