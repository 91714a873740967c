import type { Clock } from '@millrace/kernel';
import pg from 'pg';
import type { SeededRandom } from './seeded-random.ts';
import type { ShopSize } from './shop-schema.ts';

const RECONNECT_PAUSE_MS = 200;
/** An import of orders makes one transaction of this many rows: a fifth are orders, the rest their lines. */
export const BULK_ROWS = 50_000;
const BULK_ORDERS = BULK_ROWS / 5;
/** Imports that stay before the oldest is deleted again, in one transaction as well. */
const BULK_IMPORTS_KEPT = 2;

export interface TrafficOptions {
  readonly url: string;
  readonly size: ShopSize;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Concurrent connections. */
  readonly writers: number;
  /** Pause of a writer between two transactions; 0 writes as fast as the database takes it. */
  readonly pauseMs: number;
  /** Time between two transactions of 50,000 rows; `undefined` for none. */
  readonly bulkEveryMs: number | undefined;
}

/** Rows as the shop's application would write them: orders come, move on, get cancelled; prices, stock and customers change. */
export class ShopTraffic {
  /** Transactions committed so far (those whose answer was lost are not counted). */
  transactions = 0;
  readonly #options: TrafficOptions;
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  start(): void {
    const { writers, bulkEveryMs } = this.#options;
    const loops = Array.from({ length: writers }, () => this.#forever((client) => this.#write(client)));
    if (bulkEveryMs !== undefined) loops.push(this.#forever((client) => this.#bulk(client, bulkEveryMs)));
    this.#running = Promise.all(loops);
  }

  /** Ends the traffic; no transaction is open afterwards. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Runs `work` again and again, with a new connection whenever the server went away. */
  async #forever(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const { clock, url } = this.#options;
    while (!signal.aborted) {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => {});
      try {
        await client.connect();
        while (!signal.aborted) await work(client);
      } catch {
        // The server restarts now and then under test; whether the last transaction was committed does not matter here.
        await clock.sleep(RECONNECT_PAUSE_MS, signal).catch(() => {});
      } finally {
        await client.end().catch(() => {});
      }
    }
  }

  async #write(client: pg.Client): Promise<void> {
    const { random, pauseMs, clock } = this.#options;
    const dice = random.next();
    await client.query('begin');
    if (dice < 0.4) await this.#placeOrder(client);
    else if (dice < 0.7) await this.#moveOrderOn(client);
    else if (dice < 0.8) await this.#changeProduct(client);
    else if (dice < 0.88) await this.#changeCustomer(client);
    else if (dice < 0.96) await this.#deleteOrder(client);
    else await this.#renumberLine(client);
    // Some are given up: nothing of them may arrive anywhere.
    if (random.chance(0.03)) await client.query('rollback');
    else await client.query('commit');
    this.transactions += 1;
    if (pauseMs > 0) await clock.sleep(random.next() * 2 * pauseMs, this.#stop.signal).catch(() => {});
  }

  async #placeOrder(client: pg.Client): Promise<void> {
    const { random, size } = this.#options;
    const lines = random.integer(1, 5);
    const order = await client.query(
      `insert into orders (customer_id, status, total) values ($1, 'new', $2) returning id`,
      [random.integer(1, size.customers), (random.integer(100, 99_999) / 100).toFixed(2)],
    );
    await client.query(
      `insert into order_lines select $1, l, 1 + (l * $2) % $3, 1 + l % 3, 9.99 from generate_series(1, $4::int) l`,
      [order.rows[0].id, random.integer(1, 9_999), size.products, lines],
    );
  }

  async #moveOrderOn(client: pg.Client): Promise<void> {
    const { random, size } = this.#options;
    await client.query(
      `update orders set status = $2, shipped_on = case when $2 = 'shipped' then current_date end
        where id between $1 and $1 + 3`,
      [random.integer(1, size.orders), random.pick(['new', 'paid', 'shipped', 'returned'])],
    );
  }

  async #changeProduct(client: pg.Client): Promise<void> {
    const { random, size } = this.#options;
    const id = random.integer(1, size.products);
    if (random.chance(0.8))
      await client.query('update products set stock = stock - 1, updated_at = now() where id = $1', [id]);
    else
      await client.query(`update products set description = repeat($2, 150), price = price + 0.01 where id = $1`, [
        id,
        `Improved! ${id} `,
      ]);
  }

  async #changeCustomer(client: pg.Client): Promise<void> {
    const { random, size } = this.#options;
    await client.query('update customers set balance = balance + $2, notes = $3 where id = $1', [
      random.integer(1, size.customers),
      random.integer(-500, 500),
      random.pick([null, '', 'vip', 'tab\there', 'back\\slash', 'new\nline']),
    ]);
  }

  async #deleteOrder(client: pg.Client): Promise<void> {
    const id = this.#options.random.integer(1, this.#options.size.orders);
    await client.query('delete from order_lines where order_id = $1', [id]);
    await client.query('delete from orders where id = $1', [id]);
  }

  /** Changes a primary key. */
  async #renumberLine(client: pg.Client): Promise<void> {
    const id = this.#options.random.integer(1, this.#options.size.orders);
    await client.query(
      `update order_lines set line_number = line_number + 100
        where order_id = $1 and line_number = (select max(line_number) from order_lines where order_id = $1 and line_number < 100)
          and not exists (select from order_lines where order_id = $1 and line_number >= 100)`,
      [id],
    );
  }

  async #bulk(client: pg.Client, everyMs: number): Promise<void> {
    await this.#options.clock.sleep(everyMs, this.#stop.signal);
    const { size } = this.#options;
    await client.query('begin');
    await client.query(
      `with imported as (
         insert into orders (customer_id, status, total)
           select 1 + g % ${size.customers}, 'imported', g / 100.0 from generate_series(1, ${BULK_ORDERS}) g returning id)
       insert into order_lines select id, l, 1 + id % ${size.products}, l, 1.50 from imported, generate_series(1, 4) l`,
    );
    await client.query('commit');
    const imports = await client.query(
      `select placed_at from orders where status = 'imported' order by id desc offset ${BULK_ORDERS * BULK_IMPORTS_KEPT} limit 1`,
    );
    if (imports.rows.length === 0) return;
    await client.query('begin');
    await client.query(
      `delete from order_lines l using orders o where o.id = l.order_id and o.status = 'imported' and o.placed_at <= $1`,
      [imports.rows[0].placed_at],
    );
    await client.query(`delete from orders where status = 'imported' and placed_at <= $1`, [imports.rows[0].placed_at]);
    await client.query('commit');
  }
}
