import { Catalog } from '@millrace/catalog';
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../../access/roles.ts';
import { Answers, IdPath, Posts } from '../../http/api-docs.ts';
import { ResourceId } from '../../http/resource-id.ts';
import { Executions } from '../../queue/executions.ts';
import { RequestLoadUseCase } from './request-load.use-case.ts';
import {
  type LoadsView,
  loadsSchema,
  type RequestedLoadView,
  type RequestLoad,
  requestedLoadSchema,
  requestLoadSchema,
} from './table-load.schemas.ts';
import { tableLoadView } from './table-load.view.ts';

@ApiTags('jobs')
@Controller('api/v1/jobs/:id/loads')
export class TableLoadsController {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
    private readonly requestLoad: RequestLoadUseCase,
  ) {}

  @Post()
  @HttpCode(202)
  @NeedsRole('operator', { action: 'job.load_tables' })
  @Posts('Loads tables of a job again while it runs, without losing or doubling a change.', { id: true })
  @Answers(202, requestedLoadSchema)
  request(
    @ResourceId() loadId: string,
    @Param('id') id: string,
    @Body({ schema: requestLoadSchema }) body: RequestLoad,
  ): Promise<RequestedLoadView> {
    return this.requestLoad.execute(loadId, id, body);
  }

  @Get()
  @IdPath('Lists the requests to load tables again, the newest first, and how far each is.')
  @Answers(200, loadsSchema)
  async list(@Param('id') id: string): Promise<LoadsView> {
    const job = await this.catalog.jobs.get(id);
    const [loads, figures] = await Promise.all([this.catalog.tableLoads.list(job.id), this.executions.figures(job.id)]);
    return { items: loads.map((load) => tableLoadView(job, load, figures)) };
  }
}
