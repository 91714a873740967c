import { Catalog } from '@millrace/catalog';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { OpenToAnyone } from '../access/roles.ts';
import { Answers } from '../http/api-docs.ts';
import { Executions } from '../queue/executions.ts';

const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health', description: 'All is well.' });
type Health = z.infer<typeof healthSchema>;

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
  ) {}

  @Get('healthz')
  @OpenToAnyone()
  @ApiOperation({ summary: 'The process answers.' })
  @Answers(200, healthSchema)
  live(): Health {
    return { status: 'ok' };
  }

  @Get('readyz')
  @OpenToAnyone()
  @ApiOperation({ summary: 'The metadata database and Redis answer as well.' })
  @Answers(200, healthSchema)
  async ready(): Promise<Health> {
    await Promise.all([this.catalog.ping(), this.executions.ping()]);
    return { status: 'ok' };
  }
}
