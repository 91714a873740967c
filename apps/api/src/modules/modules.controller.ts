import { Catalog } from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, IdPath, Posts } from '../http/api-docs.ts';
import {
  MODULES_SHOWN_MAX,
  type ModuleView,
  moduleCodeSchema,
  moduleListSchema,
  moduleView,
  moduleViewSchema,
  type UploadModule,
  uploadModuleSchema,
} from './module.schemas.ts';
import { UploadModuleUseCase } from './upload-module.use-case.ts';

@ApiTags('modules')
@Controller('api/v1/modules')
export class ModulesController {
  constructor(
    private readonly catalog: Catalog,
    private readonly uploadModule: UploadModuleUseCase,
  ) {}

  @Post()
  @Posts('Uploads the code of jobs written in TypeScript. The same code again is the same module.')
  @Answers(201, moduleViewSchema)
  async upload(@Body({ schema: uploadModuleSchema }) { code }: UploadModule): Promise<ModuleView> {
    return moduleView(await this.uploadModule.execute(code));
  }

  @Get()
  @ApiOperation({ summary: 'Lists modules, the newest first.' })
  @Answers(200, moduleListSchema)
  async list(): Promise<{ readonly items: readonly ModuleView[] }> {
    return { items: (await this.catalog.modules.list(MODULES_SHOWN_MAX)).map(moduleView) };
  }

  @Get(':id')
  @IdPath('Shows a module by its hash.')
  @Answers(200, moduleViewSchema)
  async get(@Param('id') sha256: string): Promise<ModuleView> {
    return moduleView(await this.catalog.modules.get(sha256));
  }

  @Get(':id/code')
  @IdPath('The code of a module.')
  @Answers(200, moduleCodeSchema)
  async code(@Param('id') sha256: string): Promise<{ readonly code: string }> {
    return { code: await this.catalog.modules.code(sha256) };
  }

  @Delete(':id')
  @HttpCode(204)
  @IdPath('Deletes a module that no job uses.')
  @Answers(204)
  async delete(@Param('id') sha256: string): Promise<void> {
    await this.catalog.modules.delete(sha256);
  }
}
