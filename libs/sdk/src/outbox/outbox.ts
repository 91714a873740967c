import type { Executor, Query } from '../executors/executor.ts';

/** Bytes of a message that is written to the log alone: PostgreSQL takes 1 GiB, brokers far less. */
const MESSAGE_BYTES_MAX = 16 * 1_024 * 1_024;
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;
/** Names that Kafka takes. */
const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

/** A message for others, sent if and only if the transaction commits. */
export interface OutboxMessage {
  readonly topic: string;
  /** Messages of one key keep their order. */
  readonly key?: string | undefined;
  /** Anything that JSON has; it is the value of the message. */
  readonly payload: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface OutboxOptions<Tx> {
  readonly executor: Executor<Tx>;
  /** In the schema `public` unless `schema` says another. Default `millrace_outbox`. */
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
}

export interface OutboxJobOptions {
  /** Name of the job. Default `outbox`. */
  readonly name?: string | undefined;
  /** Registered source of type `postgres`: the service's database. */
  readonly source: string;
  /** Registered sink of type `kafka`. */
  readonly sink: string;
  /** Settings of topics that are made on demand; none are when it is left out. */
  readonly createTopics?: { readonly partitions?: number; readonly replicationFactor?: number } | undefined;
}

/** A job document. */
export interface OutboxJob {
  readonly name: string;
  readonly guarantee: 'exactly-once';
  readonly snapshotInterval: string;
  readonly stages: Record<string, Record<string, unknown>>;
}

/**
 * Statements that make the table of the outbox; harmless twice. The table stays empty: what counts is the log. A row is removed in the transaction that added it, and a job that makes keys of a column that is
 * not the table's key wants removed rows whole.
 */
export const outboxTable = (table = 'millrace_outbox', schema = 'public'): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${nameOf(schema, table)} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  key text,
  payload json NOT NULL,
  headers json NOT NULL
)`,
  `ALTER TABLE ${nameOf(schema, table)} REPLICA IDENTITY FULL`,
];

function nameOf(schema: string, table: string): string {
  for (const name of [schema, table])
    if (!IDENTIFIER.test(name)) throw new Error(`"${name}" is no name here: lower case letters, digits and "_"`);
  return `${schema}.${table}`;
}

/** Writes messages in the transaction that they belong to; a job of `job` brings them to Kafka, each once, in the order in which transactions commit. */
export class Outbox<Tx> {
  readonly #executor: Executor<Tx>;
  readonly #table: string;
  readonly #statement: string;
  readonly #create: readonly string[];

  constructor({ executor, table = 'millrace_outbox', schema = 'public' }: OutboxOptions<Tx>) {
    this.#executor = executor;
    this.#table = nameOf(schema, table);
    this.#statement = `INSERT INTO ${this.#table} (topic, key, payload, headers) VALUES ($1, $2, $3, $4) RETURNING id`;
    this.#create = outboxTable(table, schema);
  }

  /** Makes the table when it is not there. */
  async migrate(): Promise<void> {
    await this.#executor.transaction(async (tx) => {
      for (const statement of this.#create) await this.#executor.queryIn(tx)(statement, []);
    });
  }

  /**
   * Adds a message to the transaction. Its row is removed at once: the log has it, and a table that stays empty needs no cleaning.
   * @throws NotATransaction for a handle that is none
   */
  async add(tx: Tx, message: OutboxMessage): Promise<void> {
    const query: Query = this.#executor.queryIn(tx);
    const { rows } = await query(this.#statement, parametersOf(message));
    await query(`DELETE FROM ${this.#table} WHERE id = $1 RETURNING id`, [rows[0]!.id]);
  }

  /** The job that brings the messages to Kafka: `POST /api/v1/jobs`. */
  job({ name = 'outbox', source, sink, createTopics }: OutboxJobOptions): OutboxJob {
    return {
      name,
      guarantee: 'exactly-once',
      snapshotInterval: '1s',
      stages: {
        rows: { source, tables: [this.#table], initialLoad: 'none' },
        messages: { input: 'rows', filter: "event.op = 'c'" },
        topics: {
          input: 'messages',
          sink,
          topicColumn: 'topic',
          format: 'plain',
          value: 'payload',
          keyFormat: 'plain',
          key: ['key'],
          headersColumn: 'headers',
          commit: 'continuous',
          ...(createTopics === undefined ? {} : { createTopics }),
        },
      },
    };
  }
}

function parametersOf({ topic, key, payload, headers = {} }: OutboxMessage): readonly unknown[] {
  if (!TOPIC.test(topic))
    throw new Error(`"${topic}" is no name for a topic: letters, digits, ".", "_" and "-", 249 at most`);
  const text = JSON.stringify(payload);
  if (text === undefined) throw new Error('the payload is nothing that JSON has');
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX)
    throw new Error(`the payload is longer than ${MESSAGE_BYTES_MAX} bytes`);
  return [topic, key ?? null, text, JSON.stringify(headers)];
}
