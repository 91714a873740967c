import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Change, fromPg, GivenUp, subscribe } from '@millrace/sdk';
import {
  ChangeConsumers,
  ChangeContext,
  type ConsumerOptions,
  HandlersInvalid,
  MillraceModule,
  OnChange,
} from '@millrace/sdk/nest';
import { MillraceHealthIndicator } from '@millrace/sdk/terminus';
import { type INestApplicationContext, Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import pg from 'pg';
import type { Platform } from '../../apps/cli/src/demo/platform.ts';
import { openShop, until } from './open-shop.ts';
import { Orders } from './shop-tables.ts';

const START_MS_MAX = 120_000;
let platform: Platform;
let pool: pg.Pool;

beforeAll(async () => {
  platform = await openShop();
  pool = new pg.Pool({ connectionString: platform.target.url });
  await pool.query('CREATE TABLE mail (order_id int NOT NULL, total numeric NOT NULL)');
}, START_MS_MAX);
afterAll(async () => {
  await pool.end();
  await platform[Symbol.asyncDispose]();
});

const insert = (first: number, last: number, customer = 'c'): Promise<unknown> =>
  platform.source.query(`INSERT INTO orders SELECT n, '${customer}', n FROM generate_series(${first}, ${last}) n`);

/** A service with the handlers of a class. */
async function startService(handlers: Type, ...features: readonly ConsumerOptions[]) {
  @Module({
    imports: [
      MillraceModule.forRoot({ baseUrl: platform.apiUrl, executor: fromPg(pool) }),
      MillraceModule.forFeature(...features),
      TerminusModule,
    ],
    providers: [handlers, MillraceHealthIndicator],
  })
  class Service {}
  const app = await NestFactory.createApplicationContext(Service, { logger: false, abortOnError: false });
  return Object.assign(app, { [Symbol.asyncDispose]: () => app.close() });
}

const isWorking = (app: INestApplicationContext) => async (): Promise<boolean> =>
  app.get(ChangeConsumers).states.every(({ problem, partitions }) => problem === undefined && partitions > 0);

const mailed = async (): Promise<readonly number[]> =>
  (await pool.query<{ order_id: number }>('SELECT order_id FROM mail ORDER BY order_id')).rows.map(
    ({ order_id: id }) => id,
  );

const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);

describe('handlers of a NestJS service', () => {
  it('get every change, in order for each row, with types, and once in effect', async () => {
    const seen: Change<Orders>[] = [];

    @Injectable()
    class Mailer {
      @OnChange(Orders, { consumer: 'mailer', operations: ['insert'] })
      async created({ row }: Change<Orders>, context: ChangeContext<pg.PoolClient>): Promise<void> {
        for (let times = 0; times < 2; times++)
          await context.once((tx) => tx.query('INSERT INTO mail VALUES ($1, $2)', [row.id, row.total]));
      }

      @OnChange(Orders, { consumer: 'mailer', operations: ['update', 'delete'] })
      changed(change: Change<Orders>): void {
        seen.push(change);
      }
    }
    await using app = await startService(Mailer);
    await until(isWorking(app));
    await insert(1, 20);
    await platform.source.query('UPDATE orders SET total = 100 WHERE id = 7');
    await platform.source.query('DELETE FROM orders WHERE id = 7');
    await until(async () => (await mailed()).length === 20 && seen.length === 2);
    expect(await mailed()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(seen).toMatchObject([
      { operation: 'update', table: 'public.orders', row: { id: 7, customer: 'c', total: '100.00' }, unchanged: [] },
      { operation: 'delete', row: { id: 7 }, before: { id: 7 } },
    ]);
    expect(app.get(MillraceHealthIndicator).isHealthy()).toMatchObject({ millrace: { status: 'up' } });
  });

  it('are tried again, and given up to a dead letter that comes back when it is replayed', async () => {
    let isRepaired = false;
    const tried: number[] = [];
    const handled: number[] = [];

    @Injectable()
    class Billing {
      @OnChange(Orders, { consumer: 'billing', operations: ['insert'] })
      bill({ row }: Change<Orders>): void {
        tried.push(row.id);
        if (row.id === 102 && !isRepaired) throw new Error('no such customer');
        if (row.id === 103 && !isRepaired) throw new GivenUp('never', { reason: 'billing.never' });
        handled.push(row.id);
      }
    }
    await using app = await startService(Billing, { consumer: 'billing', retry: { tries: 3, firstMs: 1 } });
    await until(isWorking(app));
    await insert(101, 105);
    const letters = () =>
      platform.rest.get<{ items: { id: string; reason: string; message: string; attempts: number }[] }>(
        'jobs/billing/dead-letters?state=open',
      );
    await until(async () => (await letters()).items.length === 2 && handled.length === 3);
    const { items } = await letters();
    expect(items.map(({ reason, message, attempts }) => [reason, message, attempts])).toEqual(
      expect.arrayContaining([
        ['billing.never', 'never', 1],
        ['handler.failed', 'no such customer', 3],
      ]),
    );
    expect(tried.filter((id) => id === 102)).toHaveLength(3);
    isRepaired = true;
    await platform.rest.post('jobs/billing/dead-letters/replay', { ids: items.map(({ id }) => id) });
    await until(() => handled.length === 5);
    expect(ascending(handled)).toEqual([101, 102, 103, 104, 105]);
    await until(async () => (await letters()).items.length === 0);
  });

  it('of several instances share the work, and one that ends finishes what it has begun', async () => {
    const handled: string[] = [];
    const running = { first: 0, second: 0 };
    const make = (name: 'first' | 'second'): Type => {
      @Injectable()
      class Stock {
        @OnChange(Orders, { consumer: 'stock', operations: ['insert'] })
        async reserve({ row }: Change<Orders>, context: ChangeContext<pg.PoolClient>): Promise<void> {
          running[name] += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
          await context.once(async () => handled.push(`${name} ${row.id}`));
          running[name] -= 1;
        }
      }
      return Stock;
    };
    const first = await startService(make('first'));
    await until(isWorking(first));
    await using second = await startService(make('second'));
    await until(async () => first.get(ChangeConsumers).states[0]!.partitions === 16);
    await until(isWorking(second));
    await insert(1_001, 1_200);
    await until(() => running.first > 0 && running.second > 0);
    await first.close();
    expect(running.first).toBe(0);
    await until(() => handled.length >= 200);
    const ids = handled.map((text) => Number(text.split(' ')[1]));
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => 1_001 + index));
  });

  it('are refused when two would handle the same, and told apart from the subscription that is there', async () => {
    @Injectable()
    class Twice {
      @OnChange(Orders, { consumer: 'twice' })
      one(): void {}

      @OnChange(Orders, { consumer: 'twice', operations: ['delete'] })
      other(): void {}
    }
    await expect(startService(Twice)).rejects.toThrow(HandlersInvalid);

    @Injectable()
    class Different {
      @OnChange(Orders, { consumer: 'mailer', operations: ['delete'] })
      gone(): void {}
    }
    await using app = await startService(Different);
    await until(() => (app.get(ChangeConsumers).states[0]!.problem ?? '').includes('the handlers want'));
    expect(app.get(MillraceHealthIndicator).isHealthy()).toMatchObject({ millrace: { status: 'down' } });
  });
});

describe('subscribe', () => {
  it('iterates over changes, and goes on behind what was acknowledged', async () => {
    await platform.rest.post('subscriptions', { name: 'plain', source: 'shop', tables: ['public.orders'] });
    const take = async (count: number, isAcknowledged: (id: number) => boolean): Promise<readonly number[]> => {
      const ids: number[] = [];
      for await (const { change, ack } of subscribe<Orders>({ baseUrl: platform.apiUrl, subscription: 'plain' })) {
        ids.push(change.row.id);
        if (isAcknowledged(change.row.id)) ack();
        if (ids.length === count) return ids;
      }
      return ids;
    };
    // The job runs when it has handed something on.
    await until(async () => (await platform.rest.get<{ status: string }>('jobs/plain')).status === 'RUNNING');
    await insert(2_001, 2_003);
    expect(ascending(await take(3, (id) => id === 2_001))).toEqual([2_001, 2_002, 2_003]);
    expect(ascending(await take(2, () => true))).toEqual([2_002, 2_003]);
  });

  it('throws what the api refuses', async () => {
    const iterator = subscribe({ baseUrl: platform.apiUrl, subscription: 'nobody' });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'job.unknown' });
  });
});
