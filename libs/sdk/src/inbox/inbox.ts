import type { Executor, Query } from '../executors/executor.ts';

/** Rows removed by one statement. */
const PRUNED_AT_ONCE = 5_000;
/** After this time a change that comes again is new: far longer than any instance is away. */
const KEPT_DAYS = 30;
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;

export interface InboxOptions<Tx> {
  readonly executor: Executor<Tx>;
  /** Name of the table, in the search path. Default `millrace_inbox`. */
  readonly table?: string | undefined;
  /** Default 30. */
  readonly keptDays?: number | undefined;
}

/** Statement that makes the table of the inbox; harmless twice. */
export const inboxTable = (table = 'millrace_inbox'): string => `CREATE TABLE IF NOT EXISTS ${checked(table)} (
  consumer text NOT NULL,
  change text NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, change)
)`;

function checked(table: string): string {
  if (IDENTIFIER.test(table)) return table;
  throw new Error(`"${table}" is no name for a table here: lower case letters, digits and "_"`);
}

/** Remembers in the service's own database what a consumer has handled, in the transaction that handles it. */
export class Inbox<Tx> {
  readonly executor: Executor<Tx>;
  readonly #table: string;
  readonly #keptDays: number;

  constructor({ executor, table = 'millrace_inbox', keptDays = KEPT_DAYS }: InboxOptions<Tx>) {
    this.executor = executor;
    this.#table = checked(table);
    this.#keptDays = keptDays;
  }

  /** Makes the table when it is not there. */
  async migrate(): Promise<void> {
    await this.#query((query) => query(inboxTable(this.#table), []));
  }

  /**
   * Does the work in one transaction with the note that it is done: however often it is called, the work is committed once. Another call for
   * the same change waits until this one has ended.
   * @returns what the work gives; `undefined` when it was done before
   */
  once<T>(consumer: string, change: string, work: (tx: Tx) => Promise<T>): Promise<T | undefined> {
    return this.executor.transaction(async (tx) => {
      const sql = `INSERT INTO ${this.#table} (consumer, change) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING change`;
      const { rows } = await this.executor.queryIn(tx)(sql, [consumer, change]);
      return rows.length === 0 ? undefined : work(tx);
    });
  }

  /** Forgets what is older than any repetition. */
  async prune(): Promise<void> {
    const old = `SELECT ctid FROM ${this.#table} WHERE handled_at < now() - $1 * interval '1 day' LIMIT ${PRUNED_AT_ONCE}`;
    const sql = `DELETE FROM ${this.#table} WHERE ctid = ANY (ARRAY(${old})) RETURNING change`;
    for (;;) {
      const { rows } = await this.#query((query) => query(sql, [this.#keptDays]));
      if (rows.length < PRUNED_AT_ONCE) return;
    }
  }

  #query<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.executor.transaction((tx) => work(this.executor.queryIn(tx)));
  }
}
