import { EventStore, type GroupRunner, migrate, runProjections } from '@millrace/eventstore';
import { fromPg } from '@millrace/sdk';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Database } from '../service/database.ts';
import { Settings } from '../service/settings.ts';
import { Order, type OrderCommand, type OrderState, orderTypes } from './order.ts';
import { orderList } from './order-list.ts';

// #region published
/** What other services may know of an order. They follow this table: its columns are a promise, unlike the events and the read models behind it. */
const PUBLISHED = `CREATE TABLE IF NOT EXISTS orders (
  id text PRIMARY KEY, customer text NOT NULL, sku text NOT NULL, quantity int NOT NULL, cents int NOT NULL,
  status text NOT NULL
)`;
const PUBLISH = `INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET status = excluded.status`;
// #endregion

@Injectable()
export class Orders implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('Orders');
  readonly #store = new EventStore({ types: [orderTypes] });
  #projections: GroupRunner | undefined;

  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    await migrate(this.database);
    await this.database.query(PUBLISHED);
  }

  // #region execute
  /** Appends what follows from a command, and publishes the order as it is then, in one transaction. @throws OrderRefused */
  execute(id: string, command: OrderCommand): Promise<OrderState> {
    return fromPg(this.database).transaction(async (tx) => {
      const { state, appended } = await Order.handle(this.#store, tx, id, command);
      if (appended !== undefined) {
        const { customer, sku, quantity, cents } = state.placed!;
        await tx.query(PUBLISH, [id, customer, sku, quantity, cents, state.status]);
      }
      return state;
    });
  }
  // #endregion

  // #region projections
  onApplicationBootstrap(): void {
    this.#projections = runProjections({
      projections: [orderList],
      store: this.#store,
      pool: this.database,
      url: this.settings.databaseUrl,
      onError: (error) => this.#log.warn(`projections: ${String(error)}`),
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.#projections?.close();
  }
  // #endregion
}
