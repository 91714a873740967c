import { Catalog } from '@millrace/catalog';
import { ConnectorRegistry } from '@millrace/connector-contract';
import type { Clock, IdSource } from '@millrace/kernel';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AccessController } from './access/access.controller.ts';
import { ApiKeysController } from './access/api-keys.controller.ts';
import { Authenticator } from './access/authenticator.ts';
import { RATE_LIMITS, type RateLimits } from './access/rate-limits.ts';
import type { PublicUrl } from './access/session-cookie.ts';
import { StreamSlots } from './access/stream-slots.ts';
import { AuditController } from './audit/audit.controller.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { ConnectorsController } from './connectors/connectors.controller.ts';
import { DeadLettersController } from './dead-letters/dead-letters.controller.ts';
import { CheckDefinitionUseCase } from './definitions/check-definition.use-case.ts';
import { CreateDefinitionUseCase } from './definitions/create-definition.use-case.ts';
import { ProbeDefinitionUseCase } from './definitions/probe-definition.use-case.ts';
import { UpdateDefinitionUseCase } from './definitions/update-definition.use-case.ts';
import { HealthController } from './health/health.controller.ts';
import { CommandJobUseCase } from './jobs/command-job.use-case.ts';
import { DeleteJobUseCase } from './jobs/delete-job.use-case.ts';
import { JobsController } from './jobs/jobs.controller.ts';
import { RequestLoadUseCase } from './jobs/loads/request-load.use-case.ts';
import { TableLoadsController } from './jobs/loads/table-loads.controller.ts';
import { PlanJobUseCase } from './jobs/plan-job.use-case.ts';
import { ReadFiguresUseCase } from './jobs/read-figures.use-case.ts';
import { SubmitJobUseCase } from './jobs/submit-job.use-case.ts';
import { liveControllers, liveProviders } from './live/live-parts.ts';
import { ModulesController } from './modules/modules.controller.ts';
import { UploadModuleUseCase } from './modules/upload-module.use-case.ts';
import { Executions } from './queue/executions.ts';
import { RunScheduleUseCase } from './schedules/run-schedule.use-case.ts';
import { SaveScheduleUseCase } from './schedules/save-schedule.use-case.ts';
import { SchedulesController } from './schedules/schedules.controller.ts';
import { SinksController } from './sinks/sinks.controller.ts';
import { LookAtSourceUseCase } from './sources/look/look-at-source.use-case.ts';
import { SourcesController } from './sources/sources.controller.ts';
import { CreateSubscriptionUseCase } from './subscriptions/create-subscription.use-case.ts';
import { DeleteSubscriptionUseCase } from './subscriptions/delete-subscription.use-case.ts';
import { DeliveryController } from './subscriptions/delivery.controller.ts';
import { SubscriptionDelivery } from './subscriptions/subscription-delivery.ts';
import { SubscriptionsController } from './subscriptions/subscriptions.controller.ts';
import { CLOCK, IDS, LOGGER, PUBLIC_URL, UPLOADS_ALLOWED } from './tokens.ts';

/** What the module is wired with; made and ended by `createApp`. */
export interface AppParts {
  readonly catalog: Catalog;
  readonly executions: Executions;
  readonly subscriptions: SubscriptionDelivery;
  readonly registry: ConnectorRegistry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whether code may be uploaded. */
  readonly uploads: boolean;
  readonly access: AccessProviders;
}

/** What asks who calls, and bounds and writes down what he does. */
export interface AccessProviders {
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly trail: AuditTrail;
  readonly streams: StreamSlots;
  readonly publicUrl: PublicUrl;
}

@Module({})
class AppModule {}

/** The whole API around its parts. */
export function appModule({
  catalog,
  executions,
  subscriptions,
  registry,
  log,
  clock,
  ids,
  uploads,
  access,
}: AppParts): DynamicModule {
  return {
    module: AppModule,
    controllers: [
      SourcesController,
      SinksController,
      JobsController,
      TableLoadsController,
      SchedulesController,
      SubscriptionsController,
      DeliveryController,
      DeadLettersController,
      AuditController,
      AccessController,
      ApiKeysController,
      ModulesController,
      ConnectorsController,
      HealthController,
      ...liveControllers,
    ],
    providers: [
      { provide: Catalog, useValue: catalog },
      { provide: Executions, useValue: executions },
      { provide: SubscriptionDelivery, useValue: subscriptions },
      { provide: ConnectorRegistry, useValue: registry },
      { provide: LOGGER, useValue: log },
      { provide: CLOCK, useValue: clock },
      { provide: IDS, useValue: ids },
      { provide: UPLOADS_ALLOWED, useValue: uploads },
      { provide: Authenticator, useValue: access.authenticator },
      { provide: RATE_LIMITS, useValue: access.limits },
      { provide: AuditTrail, useValue: access.trail },
      { provide: StreamSlots, useValue: access.streams },
      { provide: PUBLIC_URL, useValue: access.publicUrl },
      CreateDefinitionUseCase,
      UpdateDefinitionUseCase,
      CheckDefinitionUseCase,
      ProbeDefinitionUseCase,
      LookAtSourceUseCase,
      PlanJobUseCase,
      SubmitJobUseCase,
      UploadModuleUseCase,
      CommandJobUseCase,
      RequestLoadUseCase,
      DeleteJobUseCase,
      RunScheduleUseCase,
      SaveScheduleUseCase,
      ReadFiguresUseCase,
      CreateSubscriptionUseCase,
      DeleteSubscriptionUseCase,
      ...liveProviders,
    ],
  };
}
