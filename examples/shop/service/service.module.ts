import { fromPg } from '@millrace/sdk';
import { MillraceModule } from '@millrace/sdk/nest';
import { MillraceHealthIndicator } from '@millrace/sdk/terminus';
import { Global, Module, StandardSchemaValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Database } from './database.ts';
import { HealthController } from './health.controller.ts';
import { Settings } from './settings.ts';

@Global()
@Module({
  providers: [{ provide: Settings, useFactory: () => new Settings(process.env) }, Database],
  exports: [Settings, Database],
})
class DatabaseModule {}

/** What each of the three services has: settings, a database, Millrace, and a health check. */
@Module({
  imports: [
    DatabaseModule,
    TerminusModule,
    // #region millrace
    MillraceModule.forRootAsync({
      inject: [Settings, Database],
      useFactory: (settings: Settings, database: Database) => ({
        baseUrl: settings.millraceUrl,
        apiKey: settings.millraceApiKey,
        executor: fromPg(database),
      }),
    }),
    // #endregion
  ],
  controllers: [HealthController],
  providers: [MillraceHealthIndicator, { provide: APP_PIPE, useValue: new StandardSchemaValidationPipe() }],
})
export class ServiceModule {}
