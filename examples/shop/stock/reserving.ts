import type { Change } from '@millrace/sdk';
import { type ChangeContext, OnChange } from '@millrace/sdk/nest';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Orders } from './orders.ts';

// #region handlers
@Injectable()
export class Reserving {
  @OnChange(Orders, { consumer: 'stock', operations: ['insert'] })
  async placed({ row }: Change<Orders>, context: ChangeContext<PoolClient>): Promise<void> {
    await context.once(async (tx) => {
      const { rowCount } = await tx.query(
        'UPDATE items SET reserved = reserved + $2 WHERE sku = $1 AND reserved + $2 <= on_hand',
        [row.sku, row.quantity],
      );
      const status = rowCount === 1 ? 'reserved' : 'refused';
      await tx.query('INSERT INTO reservations VALUES ($1, $2, $3, $4)', [row.id, row.sku, row.quantity, status]);
    });
  }

  @OnChange(Orders, { consumer: 'stock', operations: ['update'] })
  async changed({ row }: Change<Orders>, context: ChangeContext<PoolClient>): Promise<void> {
    if (row.status !== 'cancelled') return;
    await context.once(async (tx) => {
      const { rowCount } = await tx.query(
        `UPDATE reservations SET status = 'released' WHERE order_id = $1 AND status = 'reserved'`,
        [row.id],
      );
      if (rowCount === 1)
        await tx.query('UPDATE items SET reserved = reserved - $2 WHERE sku = $1', [row.sku, row.quantity]);
    });
  }
}
// #endregion
