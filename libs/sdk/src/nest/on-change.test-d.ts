import type { PoolClient } from 'pg';
import type { Change } from '../changes/change.ts';
import type { ChangeContext } from './change-context.ts';
import { OnChange } from './on-change.decorator.ts';

class Orders {
  static readonly source = 'shop';
  static readonly table = 'public.orders';
  declare readonly id: number;
}

class Customers {
  static readonly source = 'shop';
  static readonly table = 'public.customers';
  declare readonly name: string;
}

export class Handlers {
  @OnChange(Orders, { consumer: 'right' })
  async right({ row }: Change<Orders>, context: ChangeContext<PoolClient>): Promise<void> {
    await context.once((tx) => tx.query('INSERT INTO seen VALUES ($1)', [row.id.toFixed()]));
  }

  // @ts-expect-error the handler of another table
  @OnChange(Orders, { consumer: 'wrong-table' })
  wrongTable(change: Change<Customers>): string {
    return change.row.name;
  }

  // @ts-expect-error not a class of a table
  @OnChange(Date, { consumer: 'no-table' })
  noTable(): void {}

  // @ts-expect-error no such operation
  @OnChange(Orders, { consumer: 'operation', operations: ['upsert'] })
  operation(): void {}

  // @ts-expect-error a consumer has a name
  @OnChange(Orders, {})
  noConsumer(): void {}

  @OnChange(Orders, { consumer: 'columns' })
  columns({ row }: Change<Orders>): void {
    // @ts-expect-error no such column
    void row.customer;
  }
}
