// #region handler
import { type Change, fromPg } from '@millrace/sdk';
import { type ChangeContext, MillraceModule, OnChange } from '@millrace/sdk/nest';
import { Injectable, Module } from '@nestjs/common';
import pg from 'pg';
import { Orders } from '../shop-tables.ts';

@Injectable()
export class Mailer {
  @OnChange(Orders, { consumer: 'mailer', operations: ['insert'] })
  async created({ row }: Change<Orders>, context: ChangeContext<pg.PoolClient>): Promise<void> {
    await context.once((tx) => tx.query('INSERT INTO mail VALUES ($1, $2)', [row.id, row.total]));
  }
}
// #endregion handler

// #region module
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });

@Module({
  imports: [
    MillraceModule.forRoot({
      baseUrl: process.env.MILLRACE_URL ?? 'http://127.0.0.1:8080',
      apiKey: process.env.MILLRACE_API_KEY,
      executor: fromPg(pool),
    }),
    MillraceModule.forFeature({ consumer: 'mailer', concurrency: 20, retry: { tries: 3 } }),
  ],
  providers: [Mailer],
})
export class AppModule {}
// #endregion module
