import type { Change } from '@millrace/sdk';
import { type ChangeContext, OnChange } from '@millrace/sdk/nest';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Orders } from './orders.js';

@Injectable()
export class Mailer {
  @OnChange(Orders, { consumer: 'mailer', operations: ['insert'] })
  async created({ row }: Change<Orders>, context: ChangeContext<PoolClient>): Promise<void> {
    await context.once(async (tx) => {
      await tx.query('INSERT INTO mail (order_id, total) VALUES ($1, $2)', [row.id, row.total]);
    });
  }
}
