import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { z } from 'zod';
import { Settings } from '../service/settings.ts';
import { Orders } from './orders.service.ts';

const messageSchema = z.object({ orderId: z.string(), invoice: z.int() });

// #region consumer
/** Reads what billing has sent: committed messages only, each at least once. The order takes it once. */
@Injectable()
export class InvoicesTopic implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('InvoicesTopic');
  readonly #consumer: Consumer;

  constructor(
    private readonly settings: Settings,
    private readonly orders: Orders,
  ) {
    const kafka = new Kafka({
      clientId: 'orders',
      brokers: [...settings.kafkaBrokers],
      logLevel: logLevel.ERROR,
      // Kafka may be away for long: orders are placed all the same.
      retry: { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 5_000 },
    });
    this.#consumer = kafka.consumer({
      groupId: 'orders',
      readUncommitted: false,
      // One that was killed holds its partitions for so long.
      sessionTimeout: 6_000,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 1_000,
      // And one that ends waits for this request.
      maxWaitTimeInMs: 500,
    });
  }

  onApplicationBootstrap(): void {
    this.#read().catch((error: unknown) => this.#log.error(`the topic is not read: ${String(error)}`));
  }

  async #read(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: this.settings.invoicesTopic, fromBeginning: true });
    await this.#consumer.run({
      eachMessage: async ({ message }) => {
        const { orderId, invoice } = messageSchema.parse(JSON.parse(String(message.value)));
        await this.orders.execute(orderId, { do: 'bill', invoice });
      },
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.#consumer.disconnect();
  }
}
// #endregion
