import { appendFileSync } from 'node:fs';
import { Pipeline, SinkBuilder, SourceBuilder } from '@millrace/pipeline';
import pg from 'pg';

export interface Order {
  readonly id: number;
  readonly customer: number;
}

export interface Options {
  readonly file: string;
  readonly orders: number;
  /** Of the database with the table `customers`. */
  readonly connectionString: string;
}

const CONNECTIONS = 4;

const ordersFrom = (count: number) =>
  SourceBuilder.stream('orders', () => ({ next: 0 }))
    .fillBuffer<Order>((state, buffer) => {
      if (state.next === count) buffer.close();
      else buffer.add({ id: state.next, customer: state.next++ % 100 });
    })
    .createSnapshot(({ next }) => next)
    .restoreSnapshot((state, [next]) => {
      state.next = next!;
    })
    .build();

export default ({ file, orders, connectionString }: Options): Pipeline => {
  const p = Pipeline.create();
  // #region enrich
  const named = p
    .readFrom(ordersFrom(orders))
    .withIngestionTimestamps()
    .enrich(
      {
        // One pool for each instance of the stage.
        service: {
          create: () => new pg.Pool({ connectionString, max: CONNECTIONS }),
          destroy: (pool) => pool.end(),
        },
        key: ({ customer }: Order) => customer,
        async lookup(pool, id): Promise<{ readonly name: string } | undefined> {
          const { rows } = await pool.query<{ name: string }>('select name from customers where id = $1', [id]);
          return rows[0];
        },
        cache: { entries: 1_000, ttlMs: 60_000 },
        concurrency: 32,
      },
      ({ id, customer }, found) => ({ id, name: found?.name ?? `customer ${customer}` }),
    );
  // #endregion
  const lines = SinkBuilder.sink('lines', () => ({ text: '' }))
    .receive((state, row: unknown) => {
      state.text += `${JSON.stringify(row)}\n`;
    })
    .flush((state) => {
      appendFileSync(file, state.text);
      state.text = '';
    })
    .build();
  named.writeTo(lines);
  return p;
};
