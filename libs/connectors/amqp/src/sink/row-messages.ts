import { MessageBodies, nameOf, type Resolved } from '@millrace/connector-contract';
import { ByteOutput, type ChangeBatch, RowJsonWriter, type TableSchema } from '@millrace/formats';
import rhea, { type Message } from 'rhea';
import type { Connection, SinkStage } from '../config.ts';
import type { ChunkId } from './private-messages.ts';

const USUAL_BYTES = 1_024;
const decoder = new TextDecoder();

/** What a name may not have in an address. */
const safe = (name: string): string => name.replace(/\s/g, '_');

/** Makes the messages of events, encoded. Not reentrant. */
export class RowMessages {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #bodies: MessageBodies;
  readonly #keyOutput = new ByteOutput(USUAL_BYTES);
  readonly #keys = new RowJsonWriter(this.#keyOutput);
  readonly #addresses = new WeakMap<TableSchema, string>();

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
    this.#bodies = new MessageBodies(options.stage, options.job.jobName);
  }

  /** @param place what makes the message id: the same message is never sent with another one, nor another message with this one */
  write(
    batch: ChangeBatch,
    index: number,
    { generation, number, index: at }: ChunkId & { readonly index: number },
  ): { readonly address: string; readonly bytes: Uint8Array } {
    const { job } = this.#options;
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const op = String.fromCharCode(batch.op[index]!);
    const group = this.#groupOf(batch, index, schema);
    const message: Message = {
      durable: true,
      message_id: `${job.jobId}-${job.stage}-${generation}-${number}-${at}`,
      subject: op,
      content_type: 'application/json',
      ...(group === undefined ? {} : { group_id: group }),
      application_properties: { op, table: schema.id },
      body: this.#bodyOf(batch, index),
    };
    return { address: this.#addressOf(schema), bytes: rhea.message.encode(message) };
  }

  #bodyOf(batch: ChangeBatch, index: number): unknown {
    const body = this.#bodies.write(batch, index);
    return this.#options.stage.body === 'text' ? decoder.decode(body) : rhea.message.data_section(Buffer.from(body));
  }

  #groupOf(batch: ChangeBatch, index: number, { id }: TableSchema): string | undefined {
    const { group } = this.#options.stage;
    if (group !== 'key') return group === 'table' ? id : undefined;
    this.#keyOutput.clear();
    this.#keys.key(batch, index);
    return `${id}${decoder.decode(this.#keyOutput.bytes)}`;
  }

  #addressOf(schema: TableSchema): string {
    const { stage, job } = this.#options;
    let address = this.#addresses.get(schema);
    if (address === undefined) {
      address = nameOf(stage.address, schema, job, safe);
      this.#addresses.set(schema, address);
    }
    return address;
  }
}
