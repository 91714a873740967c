import { Catalog } from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
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
import { Answers, ChangesVersion, IdPath, ListQuery, Posts } from '../http/api-docs.ts';
import { IfMatch } from '../http/if-match.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { ResourceId } from '../http/resource-id.ts';

@ApiTags('sinks')
@Controller('api/v1/sinks')
export class SinksController {
  constructor(
    private readonly catalog: Catalog,
    private readonly createDefinition: CreateDefinitionUseCase,
    private readonly updateDefinition: UpdateDefinitionUseCase,
    private readonly checkDefinition: CheckDefinitionUseCase,
    private readonly probeDefinition: ProbeDefinitionUseCase,
  ) {}

  @Post()
  @Posts('Registers a sink. Its system is not called.')
  @Answers(201, definitionViewSchema)
  async create(
    @ResourceId() id: string,
    @Body({ schema: createDefinitionSchema }) body: CreateDefinition,
  ): Promise<DefinitionView> {
    return definitionView(await this.createDefinition.execute('sink', id, body));
  }

  @Get()
  @ListQuery('Lists sinks in the order of their making.')
  @Answers(200, definitionPageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<DefinitionView>> {
    return pageView(await this.catalog.sinks.list(pageRequest(query)), definitionView);
  }

  @Post('probe')
  @HttpCode(200)
  @NeedsRole('editor', { unaudited: true })
  @Posts('Asks a sink that is not registered what it lacks. Keeps nothing.')
  @Answers(200, checkViewSchema)
  async probe(@Body({ schema: probeInputSchema }) body: ProbeInput): Promise<CheckView> {
    const { ok, findings } = await this.probeDefinition.execute('sink', body);
    return { ok, findings };
  }

  @Get(':id')
  @IdPath('Shows a sink; secrets are masked.')
  @Answers(200, definitionViewSchema)
  async get(@Param('id') id: string): Promise<DefinitionView> {
    return definitionView(await this.catalog.sinks.get(id));
  }

  @Patch(':id')
  @IdPath('Changes a sink. Jobs see it at their next start.')
  @ChangesVersion()
  @Answers(200, definitionViewSchema)
  async update(
    @Param('id') id: string,
    @Body({ schema: patchDefinitionSchema }) body: PatchDefinition,
    @IfMatch() version: number | undefined,
  ): Promise<DefinitionView> {
    return definitionView(await this.updateDefinition.execute('sink', id, body, version));
  }

  @Delete(':id')
  @HttpCode(204)
  @IdPath('Deletes a sink that no job uses.')
  @ChangesVersion()
  @Answers(204)
  async delete(@Param('id') id: string, @IfMatch() version: number | undefined): Promise<void> {
    await this.catalog.sinks.delete(id, version);
  }

  @Post(':id/check')
  @HttpCode(200)
  @NeedsRole('operator', { unaudited: true })
  @Posts('Asks the system of a sink what it lacks, with the SQL that repairs it. Changes nothing.', { id: true })
  @Answers(200, checkViewSchema)
  check(@Param('id') id: string): Promise<CheckView> {
    return this.checkDefinition.execute('sink', id);
  }
}
