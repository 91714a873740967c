import type { Change } from '@millrace/sdk';
import { OnChange } from '@millrace/sdk/nest';
import { Injectable } from '@nestjs/common';
import { Orders } from './orders.service.ts';
import { Reservations } from './reservations.ts';

// #region handler
/** What the stock has decided becomes an event of the order. Without `once`: a command that comes again changes nothing. */
@Injectable()
export class StockAnswers {
  constructor(private readonly orders: Orders) {}

  @OnChange(Reservations, { consumer: 'orders', operations: ['insert'] })
  async decided({ row }: Change<Reservations>): Promise<void> {
    if (row.status === 'reserved') await this.orders.execute(row.order_id, { do: 'reserve' });
    else await this.orders.execute(row.order_id, { do: 'reject', reason: `there is not enough of ${row.sku}` });
  }
}
// #endregion
