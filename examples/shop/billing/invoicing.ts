import { type Change, fromPg, Outbox } from '@millrace/sdk';
import { type ChangeContext, OnChange } from '@millrace/sdk/nest';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../service/database.ts';
import { Settings } from '../service/settings.ts';
import { Orders } from './orders.ts';

const INVOICES = `CREATE TABLE IF NOT EXISTS invoices (
  number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL UNIQUE, customer text NOT NULL, cents int NOT NULL
)`;

// #region invoicing
@Injectable()
export class Invoicing implements OnModuleInit {
  readonly #outbox: Outbox<PoolClient>;

  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {
    this.#outbox = new Outbox({ executor: fromPg(database) });
  }

  async onModuleInit(): Promise<void> {
    await this.database.query(INVOICES);
    await this.#outbox.migrate();
  }

  @OnChange(Orders, { consumer: 'billing', operations: ['update'] })
  async paid({ row }: Change<Orders>, context: ChangeContext<PoolClient>): Promise<void> {
    await context.once(async (tx) => {
      const { rows } = await tx.query<{ number: number }>(
        'INSERT INTO invoices (order_id, customer, cents) VALUES ($1, $2, $3) RETURNING number',
        [row.id, row.customer, row.cents],
      );
      const payload = { orderId: row.id, invoice: rows[0]!.number, cents: row.cents };
      await this.#outbox.add(tx, { topic: this.settings.invoicesTopic, key: row.id, payload });
    });
  }
}
// #endregion
