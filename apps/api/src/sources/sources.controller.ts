import { Catalog } from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../access/roles.ts';
import { CheckDefinitionUseCase } from '../definitions/check-definition.use-case.ts';
import { CreateDefinitionUseCase } from '../definitions/create-definition.use-case.ts';
import {
  type CheckView,
  type CreateDefinition,
  checkViewSchema,
  createDefinitionSchema,
  type DefinitionView,
  definitionPageSchema,
  definitionViewSchema,
  type PatchDefinition,
  type ProbeInput,
  patchDefinitionSchema,
  probeInputSchema,
} from '../definitions/definition.schemas.ts';
import { definitionView } from '../definitions/definition.view.ts';
import { ProbeDefinitionUseCase } from '../definitions/probe-definition.use-case.ts';
import { UpdateDefinitionUseCase } from '../definitions/update-definition.use-case.ts';
import { Answers, ChangesVersion, IdPath, ListQuery, Posts, QueryOf } from '../http/api-docs.ts';
import { IfMatch } from '../http/if-match.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { ResourceId } from '../http/resource-id.ts';
import {
  type ColumnsQuery,
  type ColumnsView,
  columnsQuerySchema,
  columnsSchema,
  type DiscoveryView,
  type DropSlotQuery,
  discoverySchema,
  dropSlotQuerySchema,
  type ProbeView,
  probeSchema,
  type SlotsView,
  slotsSchema,
} from './look/look.schemas.ts';
import { LookAtSourceUseCase } from './look/look-at-source.use-case.ts';

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(
    private readonly catalog: Catalog,
    private readonly createDefinition: CreateDefinitionUseCase,
    private readonly updateDefinition: UpdateDefinitionUseCase,
    private readonly checkDefinition: CheckDefinitionUseCase,
    private readonly probeDefinition: ProbeDefinitionUseCase,
    private readonly lookAtSource: LookAtSourceUseCase,
  ) {}

  @Post()
  @Posts('Registers a source. Its system is not called.')
  @Answers(201, definitionViewSchema)
  async create(
    @ResourceId() id: string,
    @Body({ schema: createDefinitionSchema }) body: CreateDefinition,
  ): Promise<DefinitionView> {
    return definitionView(await this.createDefinition.execute('source', id, body));
  }

  @Get()
  @ListQuery('Lists sources in the order of their making.')
  @Answers(200, definitionPageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<DefinitionView>> {
    return pageView(await this.catalog.sources.list(pageRequest(query)), definitionView);
  }

  @Post('probe')
  @HttpCode(200)
  @NeedsRole('editor', { unaudited: true })
  @Posts('Asks a source that is not registered what it lacks, and which tables it has. Keeps nothing.')
  @Answers(200, probeSchema)
  probe(@Body({ schema: probeInputSchema }) body: ProbeInput): Promise<ProbeView> {
    return this.probeDefinition.execute('source', body);
  }

  @Get(':id/tables')
  @NeedsRole('operator')
  @IdPath('Lists the tables of a source: size, key, and what stands against capturing them.')
  @Answers(200, discoverySchema)
  tables(@Param('id') id: string): Promise<DiscoveryView> {
    return this.lookAtSource.tables(id);
  }

  @Get(':id/columns')
  @NeedsRole('operator')
  @IdPath('Tells the columns of tables, as their changes have them; types of a service are made of that.')
  @QueryOf(columnsQuerySchema)
  @Answers(200, columnsSchema)
  columns(
    @Param('id') id: string,
    @Query({ schema: columnsQuerySchema }) { tables }: ColumnsQuery,
  ): Promise<ColumnsView> {
    return this.lookAtSource.columns(id, tables);
  }

  @Get(':id/slots')
  @NeedsRole('operator')
  @IdPath('Lists what keeps log at the system of a source: the slots of jobs, and orphans.')
  @Answers(200, slotsSchema)
  slots(@Param('id') id: string): Promise<SlotsView> {
    return this.lookAtSource.slots(id);
  }

  @Delete(':id/slots/:slot')
  @HttpCode(204)
  @NeedsRole('admin')
  @IdPath('Drops the slot of a job that is gone. Whoever reads it cannot go on.')
  @ApiParam({ name: 'slot', description: 'Name of the slot.', schema: { type: 'string' } })
  @QueryOf(dropSlotQuerySchema)
  @Answers(204)
  async dropSlot(
    @Param('id') id: string,
    @Param('slot') slot: string,
    @Query({ schema: dropSlotQuerySchema }) { confirm }: DropSlotQuery,
  ): Promise<void> {
    await this.lookAtSource.dropSlot(id, slot, confirm);
  }

  @Get(':id')
  @IdPath('Shows a source; secrets are masked.')
  @Answers(200, definitionViewSchema)
  async get(@Param('id') id: string): Promise<DefinitionView> {
    return definitionView(await this.catalog.sources.get(id));
  }

  @Patch(':id')
  @IdPath('Changes a source. Jobs see it at their next start.')
  @ChangesVersion()
  @Answers(200, definitionViewSchema)
  async update(
    @Param('id') id: string,
    @Body({ schema: patchDefinitionSchema }) body: PatchDefinition,
    @IfMatch() version: number | undefined,
  ): Promise<DefinitionView> {
    return definitionView(await this.updateDefinition.execute('source', id, body, version));
  }

  @Delete(':id')
  @HttpCode(204)
  @IdPath('Deletes a source that no job uses.')
  @ChangesVersion()
  @Answers(204)
  async delete(@Param('id') id: string, @IfMatch() version: number | undefined): Promise<void> {
    await this.catalog.sources.delete(id, version);
  }

  @Post(':id/check')
  @HttpCode(200)
  @NeedsRole('operator', { unaudited: true })
  @Posts('Asks the system of a source what it lacks, with the SQL that repairs it. Changes nothing.', { id: true })
  @Answers(200, checkViewSchema)
  check(@Param('id') id: string): Promise<CheckView> {
    return this.checkDefinition.execute('source', id);
  }
}
