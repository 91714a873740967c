import { EventIds, MessageBodies, nameOf, type Resolved } from '@millrace/connector-contract';
import { type ChangeBatch, Op, recordOf } from '@millrace/formats';
import type { Connection, SinkStage } from '../config.ts';

/** What is published of an event. */
export interface EventMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string>>;
}

/** What a value may not have in a level of a topic. */
const safe = (name: string): string => name.replace(/[+#/\0]/g, '_');

/** Makes messages of events. */
export class EventMessages {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #bodies: MessageBodies;
  readonly #ids: EventIds;
  readonly #hasKey: boolean;

  constructor(
    options: Resolved<Connection, SinkStage>,
    execution: { readonly generation: number; readonly globalIndex: number },
  ) {
    this.#options = options;
    this.#bodies = new MessageBodies(options.stage, options.job.jobName);
    this.#ids = new EventIds(options.job, execution);
    this.#hasKey = options.stage.topic.includes('{key}');
  }

  /** @returns `undefined` of a truncate where topics are those of rows: no topic is its own */
  messageOf(batch: ChangeBatch, index: number): EventMessage | undefined {
    const { stage, job } = this.#options;
    const op = batch.op[index]!;
    if (op === Op.Truncate && this.#hasKey) return undefined;
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const body = Buffer.from(this.#bodies.write(batch, index));
    const topic = nameOf(stage.topic, schema, job, safe);
    return {
      topic: this.#hasKey ? topic.replaceAll('{key}', () => this.#keyOf(batch, index)) : topic,
      // Without payload the broker forgets what it had retained.
      payload: op === Op.Delete && stage.retain ? Buffer.alloc(0) : body,
      userProperties: {
        'millrace-id': this.#ids.idOf(batch, index, body),
        'millrace-op': String.fromCharCode(op),
        'millrace-table': schema.id,
      },
    };
  }

  #keyOf(batch: ChangeBatch, index: number): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const { after, before } = recordOf(batch, index);
    const row: Readonly<Record<string, unknown>> = after ?? before ?? {};
    const levelOf = (name: string): string => {
      const value = row[name];
      return typeof value === 'string' || typeof value === 'number' ? safe(String(value)) : '';
    };
    return schema.columns
      .filter((column) => column.key)
      .map(({ name }) => levelOf(name))
      .join('/');
  }
}
