import { subscribe } from '@millrace/sdk';
import type { Orders } from '../shop-tables.ts';

export async function printOrders(baseUrl: string, signal: AbortSignal): Promise<void> {
  // #region subscribe
  for await (const { change, ack } of subscribe<Orders>({ baseUrl, subscription: 'plain', signal })) {
    console.log(change.operation, change.row.id);
    ack();
  }
  // #endregion subscribe
}
