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
  /** `table`: a row that is removed at once. `message`: `pg_logical_emit_message`, no table; PostgreSQL 14. Default `table`. */
  readonly by?: 'table' | 'message' | undefined;
  /** Of the form `table`. In the schema `public` unless `schema` says another. Default `millrace_outbox`. */
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
  /** Of the form `message`: what tells our messages from those of others. Default `millrace_outbox`. */
  readonly prefix?: string | undefined;
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

/** How messages get into the log, and what the job makes of what it reads there. */
interface OutboxForm {
  readonly create: readonly string[];
  /** For `tables` of the job's source. */
  readonly captured: string;
  /** Stage that makes columns `topic`, `key`, `payload` and `headers` of what was captured. */
  readonly messages: Readonly<Record<string, unknown>>;
  add(query: Query, texts: MessageTexts): Promise<void>;
}

/** Writes messages in the transaction that they belong to; a job of `job` brings them to Kafka, each once, in the order in which transactions commit. */
export class Outbox<Tx> {
  readonly #executor: Executor<Tx>;
  readonly #form: OutboxForm;

  constructor({ executor, by = 'table', table, schema, prefix }: OutboxOptions<Tx>) {
    this.#executor = executor;
    this.#form = by === 'table' ? tableForm(table, schema) : messageForm(prefix);
  }

  /** Makes the table when it is not there; the form `message` has none. */
  async migrate(): Promise<void> {
    const { create } = this.#form;
    if (create.length === 0) return;
    await this.#executor.transaction(async (tx) => {
      for (const statement of create) await this.#executor.queryIn(tx)(statement, []);
    });
  }

  /**
   * Adds a message to the transaction. It is in the log and nowhere else: a row is removed at once.
   * @throws NotATransaction for a handle that is none
   */
  async add(tx: Tx, message: OutboxMessage): Promise<void> {
    await this.#form.add(this.#executor.queryIn(tx), textsOf(message));
  }

  /** The job that brings the messages to Kafka: `POST /api/v1/jobs`. Nothing is brought that was added before it runs. */
  job({ name = 'outbox', source, sink, createTopics }: OutboxJobOptions): OutboxJob {
    return {
      name,
      guarantee: 'exactly-once',
      snapshotInterval: '1s',
      stages: {
        rows: { source, tables: [this.#form.captured], initialLoad: 'none' },
        messages: { input: 'rows', ...this.#form.messages },
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

function tableForm(table = 'millrace_outbox', schema = 'public'): OutboxForm {
  const name = nameOf(schema, table);
  return {
    create: outboxTable(table, schema),
    captured: name,
    messages: { filter: "event.op = 'c'" },
    async add(query, { topic, key, payload, headers }) {
      const insert = `INSERT INTO ${name} (topic, key, payload, headers) VALUES ($1, $2, $3, $4) RETURNING id`;
      const { rows } = await query(insert, [topic, key, payload, headers]);
      await query(`DELETE FROM ${name} WHERE id = $1 RETURNING id`, [rows[0]!.id]);
    },
  };
}

/** The content is a JSON object of texts: those of `payload` and `headers` are sent as they are, not as JSON would be written anew. */
function messageForm(prefix = 'millrace_outbox'): OutboxForm {
  if (!IDENTIFIER.test(prefix)) throw new Error(`"${prefix}" is no prefix here: lower case letters, digits and "_"`);
  const member = (name: string): string => `after.content::jsonb ->> '${name}'`;
  return {
    create: [],
    captured: `pg_message.${prefix}`,
    messages: {
      select: {
        topic: member('topic'),
        key: member('key'),
        payload: `(${member('payload')})::json`,
        headers: `(${member('headers')})::json`,
      },
    },
    async add(query, texts) {
      const content = JSON.stringify(texts);
      await query('SELECT pg_logical_emit_message(true, $1::text, $2::text)::text AS lsn', [prefix, content]);
    },
  };
}

interface MessageTexts {
  readonly topic: string;
  readonly key: string | null;
  readonly payload: string;
  readonly headers: string;
}

function textsOf({ topic, key, payload, headers = {} }: OutboxMessage): MessageTexts {
  if (!TOPIC.test(topic))
    throw new Error(`"${topic}" is no name for a topic: letters, digits, ".", "_" and "-", 249 at most`);
  const text = JSON.stringify(payload);
  if (text === undefined) throw new Error('the payload is nothing that JSON has');
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX)
    throw new Error(`the payload is longer than ${MESSAGE_BYTES_MAX} bytes`);
  return { topic, key: key ?? null, payload: text, headers: JSON.stringify(headers) };
}
