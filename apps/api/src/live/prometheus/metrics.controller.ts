import { systemClock } from '@millrace/kernel';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { Executions } from '../../queue/executions.ts';
import { Fleet } from '../overview/fleet.ts';
import { METRIC_JOBS_MAX, metricsPage } from './metrics-page.ts';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly fleet: Fleet,
    private readonly executions: Executions,
  ) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({ summary: 'Figures of jobs and workers in the text format of Prometheus.' })
  @ApiResponse({
    status: 200,
    description: 'Text format 0.0.4; docs/metrics.md has the list.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  @ApiResponse({
    status: 'default',
    description: 'What went wrong, and how to mend it.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  async metrics(): Promise<string> {
    const { executions } = this;
    const state = await this.fleet.poll.now();
    const ids = state.jobs.slice(0, METRIC_JOBS_MAX).map(({ id }) => id);
    const [figures, { members }] = await Promise.all([
      executions.asked(executions.board.allFigures(ids)),
      executions.asked(executions.members.list(systemClock.nowMs())),
    ]);
    return metricsPage(state, figures, members).metrics();
  }
}
