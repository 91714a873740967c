import { MillraceHealthIndicator } from '@millrace/sdk/terminus';
import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { Database } from './database.ts';

/** 200 when the service can work: its database answers and its change handlers get what they wait for; otherwise 503 with the reason. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly millrace: MillraceHealthIndicator,
    private readonly database: Database,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    const indicator = this.indicators.check('database');
    return this.health.check([
      () => this.millrace.isHealthy(),
      () =>
        this.database.query('SELECT 1').then(
          () => indicator.up(),
          (error: unknown) => indicator.down(String(error)),
        ),
    ]);
  }
}
