import type { Resolved } from '@millrace/connector-contract';
import type { Batch, Processor, ProcessorContext } from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { MqttClient } from 'mqtt';
import type { Connection, SinkStage } from '../config.ts';
import { brokerError } from '../errors.ts';
import { openClient } from './client.ts';
import { type EventMessage, EventMessages } from './event-message.ts';

/** Messages that are not acknowledged yet. */
const UNDER_WAY_MAX = 1_000;

/** Publishes events in order. A barrier waits until the broker has acknowledged everything before it, so a snapshot needs no state. */
export class MqttSinkProcessor implements Processor {
  readonly #options: Resolved<Connection, SinkStage>;
  #context!: ProcessorContext;
  #messages!: EventMessages;
  #client: MqttClient | undefined;
  #waiting: EventMessage[] = [];
  #underWay = 0;
  #isClosed = false;

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, job } = this.#options;
    this.#context = context;
    this.#messages = new EventMessages(this.#options, context);
    const clientId = `millrace-${job.jobId}-${job.stage}-${context.globalIndex}`;
    this.#client = await openClient(config, clientId, (error) => this.#fail(error));
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#waiting.length > 0) return false;
    assert(isChangeBatch(batch), 'the mqtt sink takes change batches');
    for (let index = 0; index < batch.length; index++) {
      const message = this.#messages.messageOf(batch, index);
      if (message === undefined) this.#context.metrics.add('truncatesSkipped', 1);
      else this.#waiting.push(message);
    }
    this.#publish();
    this.#context.metrics.add('rowsWritten', batch.length);
    return true;
  }

  snapshotPrepare(): boolean {
    return this.#isIdle;
  }

  complete(): boolean {
    return this.#isIdle;
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.end(true);
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0;
  }

  #publish(): void {
    const { qos, retain, expireSeconds, format } = this.#options.stage;
    const count = Math.min(this.#waiting.length, UNDER_WAY_MAX - this.#underWay);
    for (const { topic, payload, userProperties } of this.#waiting.splice(0, count)) {
      this.#underWay += 1;
      const properties = {
        contentType: format === 'json' ? 'application/json' : 'application/vnd.debezium+json',
        userProperties: { ...userProperties },
        ...(expireSeconds === undefined ? {} : { messageExpiryInterval: expireSeconds }),
      };
      this.#client!.publish(topic, payload, { qos, retain, properties }, (error) => {
        if (error) this.#fail(brokerError(error, `publish to ${topic}`));
        else this.#acknowledged();
      });
    }
  }

  #acknowledged(): void {
    this.#underWay -= 1;
    if (this.#waiting.length > 0 && this.#underWay <= UNDER_WAY_MAX / 2) this.#publish();
    if (this.#isIdle) this.#context.wake();
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#context.fail(error);
  }
}
