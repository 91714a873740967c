import { EventStore, eventTypes, projection } from '@millrace/eventstore';
import { z } from 'zod';

/** What the service has reserved, as events. */
const stockTypes = eventTypes({ Reserved: { schema: z.object({ order: z.int() }) } });

export const stockStore = new EventStore({ types: [stockTypes] });

/** A row for each event and no key: an event that is applied twice shows. */
export const reservations = projection({
  name: 'reservations',
  version: 1,
  types: stockTypes,
  categories: ['stock'],
  tables: { reservations: (table) => `CREATE TABLE ${table} (order_id int NOT NULL)` },
  on: {
    Reserved: ({ data }, { tx, table }) => tx.query(`INSERT INTO ${table('reservations')} VALUES ($1)`, [data.order]),
  },
});
