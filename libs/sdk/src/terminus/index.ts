import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { ChangeConsumers } from '../nest/change-consumers.ts';

/** For `HealthCheckService.check`: down while a consumer can't work, with the reason. */
@Injectable()
export class MillraceHealthIndicator {
  readonly #consumers: ChangeConsumers;
  readonly #indicators: HealthIndicatorService;

  constructor(
    @Inject(ChangeConsumers) consumers: ChangeConsumers,
    @Inject(HealthIndicatorService) indicators: HealthIndicatorService,
  ) {
    this.#consumers = consumers;
    this.#indicators = indicators;
  }

  isHealthy(key = 'millrace'): HealthIndicatorResult {
    const { states } = this.#consumers;
    const indicator = this.#indicators.check(key);
    const details = Object.fromEntries(
      states.map(({ consumer, partitions, problem }) => [
        consumer,
        problem === undefined ? { partitions } : { problem },
      ]),
    );
    return states.some(({ problem }) => problem !== undefined) ? indicator.down(details) : indicator.up(details);
  }
}
