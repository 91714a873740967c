import { formatLsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import { Fenced } from '../errors.ts';
import { type ConsumerRow, isAtSql, type Progress, progressSql, type Stopped } from '../log/progress.ts';
import { quoteName } from '../schema/names.ts';
import { type Executor, type ExecutorPool, withClient } from '../store/executor.ts';
import type { Consumer, Item } from '../subscription/consumer.ts';
import type { Projection, ProjectionContext } from './projection.ts';
import { tableName } from './tables.ts';

/** How often an event is tried before the policy decides. */
const ATTEMPTS_MAX = 3;
const ATTEMPT_PAUSE_MS = 50;
/** Pause before a transaction that lost against another one is tried again. */
const CONFLICT_PAUSE_MS = 20;

/** Serialization failure, deadlock, lock timeout: nobody's fault, the same transaction again will do. */
const CONFLICTS = new Set(['40001', '40P01', '55P03']);
/** Classes of SQLSTATE that say the server, not the statement, is the problem: connection, resources, operator, system. */
const SERVER_TROUBLE = /^(08|53|57|58|XX)/;

/** A handler failed: rolled back, to be judged. */
class HandlerFailed {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** Another build has taken its place: it ends, and nothing is wrong. */
class Retired extends Error {}

export interface ProjectionConsumerOptions {
  readonly projection: Projection;
  readonly row: ConsumerRow;
  readonly pool: ExecutorPool;
  readonly schema: string;
  readonly clock: Clock;
}

/** Writes a projection: handlers and progress in one transaction, so that each event counts once whatever is killed. */
export class ProjectionConsumer implements Consumer {
  readonly row: ConsumerRow;
  readonly projection: Projection;
  readonly #options: ProjectionConsumerOptions;
  readonly #consumers: string;
  #progress: Progress;
  #role: 'live' | 'building';
  #stopped: boolean;

  constructor(options: ProjectionConsumerOptions) {
    this.#options = options;
    this.projection = options.projection;
    this.row = options.row;
    this.#progress = options.row.progress;
    this.#role = options.row.role === 'building' ? 'building' : 'live';
    this.#stopped = options.row.stopped !== undefined;
    this.#consumers = `${quoteName(options.schema)}.consumers`;
  }

  get categories(): readonly string[] | undefined {
    return this.projection.categories;
  }

  get eventTypes(): readonly string[] {
    return this.projection.eventTypes;
  }

  get batchEvents(): number {
    return this.projection.batchEvents;
  }

  get progress(): Progress {
    return this.#progress;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  get role(): 'live' | 'building' {
    return this.#role;
  }

  /** It has been swapped in. */
  wentLive(): void {
    this.#role = 'live';
  }

  async process(items: readonly Item[], after: Progress, signal: AbortSignal): Promise<void> {
    const failed = await this.#transaction(items, after, signal);
    if (failed === undefined) return;
    // One of them is to blame: each gets a transaction of its own.
    for (const item of items) {
      await this.#single(item, signal);
      if (this.#stopped || signal.aborted) return;
    }
    await this.#transaction([], after, signal);
  }

  async #single(item: Item, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failed = await this.#transaction([item], item.after, signal);
      if (failed === undefined || signal.aborted) return;
      if (attempt === ATTEMPTS_MAX) return await this.#decide(item, failed.cause, signal);
      await this.#options.clock.sleep(ATTEMPT_PAUSE_MS * attempt, signal);
    }
  }

  async #decide(item: Item, cause: unknown, signal: AbortSignal): Promise<void> {
    const { onError } = this.projection;
    const message = cause instanceof Error ? cause.message : String(cause);
    const policy = this.#role === 'live' ? onError.live : onError.rebuild;
    const error = { message, code: cause instanceof MillraceError ? cause.code.code : undefined };
    if (policy === 'park') {
      await this.#transaction([], item.after, signal, (tx) =>
        tx.query(
          `INSERT INTO ${quoteName(this.#options.schema)}.parked (consumer_id, position, error) VALUES ($1, $2, $3)`,
          [this.row.id, item.position, JSON.stringify({ ...error, type: item.type, streamId: item.streamId })],
        ),
      );
      return;
    }
    const { historyPosition, lsn, index } = item.after;
    const stopped: Stopped = {
      position: item.position,
      type: item.type,
      streamId: item.streamId,
      message,
      after: { historyPosition, lsn: formatLsn(lsn), index },
    };
    await this.#transaction([], this.#progress, signal, (tx) =>
      tx.query(`UPDATE ${this.#consumers} SET stopped = $2 WHERE id = $1`, [this.row.id, JSON.stringify(stopped)]),
    );
    this.#stopped = true;
  }

  /** One transaction, again while it loses against others; resolves with what a handler threw. */
  async #transaction(
    items: readonly Item[],
    after: Progress,
    signal: AbortSignal,
    more: (tx: Executor) => Promise<unknown> = async () => {},
  ): Promise<HandlerFailed | undefined> {
    for (;;) {
      const outcome = await withClient(this.#options.pool, (client, broken) =>
        this.#try(client, broken, () => this.#write(client, items, after, more)),
      );
      if (outcome instanceof HandlerFailed) return outcome;
      if (outcome === 'retired') return undefined;
      if (outcome === 'done') {
        this.#progress = after;
        return undefined;
      }
      await this.#options.clock.sleep(CONFLICT_PAUSE_MS, signal);
    }
  }

  /** What became of a transaction. @throws what is neither a handler's fault nor gone the next time */
  async #try(
    client: Executor,
    broken: (error: Error) => void,
    write: () => Promise<void>,
  ): Promise<'done' | 'conflict' | 'retired' | HandlerFailed> {
    try {
      await write();
      return 'done';
    } catch (error) {
      let isBroken = false;
      await client.query('ROLLBACK').catch((cause: Error) => {
        isBroken = true;
        broken(cause);
      });
      if (error instanceof Retired) return 'retired';
      const cause = error instanceof HandlerFailed ? error.cause : error;
      const { code } = cause as { code?: unknown };
      if (typeof code === 'string' && CONFLICTS.has(code) && !isBroken) return 'conflict';
      if (error instanceof HandlerFailed && !isBroken && !isServerTrouble(code)) return error;
      throw cause;
    }
  }

  /** The row is locked first: from then on nobody else writes for this consumer, and nobody has. */
  async #write(
    client: Executor,
    items: readonly Item[],
    after: Progress,
    more: (tx: Executor) => Promise<unknown>,
  ): Promise<void> {
    const { id, name } = this.row;
    const check = `SELECT FROM ${this.#consumers} WHERE id = ${id} AND role = '${this.#role}' AND ${isAtSql(this.#progress)} FOR UPDATE`;
    const locked: unknown = await client.query(`BEGIN; ${check}`);
    const [, rows] = locked as readonly { readonly rowCount: number }[];
    if (rows!.rowCount === 0) {
      if (await this.#isRetired(client)) {
        this.#stopped = true;
        throw new Retired();
      }
      throw new MillraceError(Fenced, {
        message: `another process goes on with projection "${name}"`,
        mend: 'Nothing to do: this one stands by.',
      });
    }
    try {
      if (items.length > 0)
        await this.projection.apply(
          items.map((item) => item.event()),
          this.#context(client),
        );
    } catch (error) {
      throw new HandlerFailed(error);
    }
    await more(client);
    await client.query(
      `UPDATE ${this.#consumers} SET ${progressSql(after)}, updated_at = clock_timestamp() WHERE id = ${id}; COMMIT`,
    );
  }

  async #isRetired(tx: Executor): Promise<boolean> {
    const { rows } = await tx.query(`SELECT role FROM ${this.#consumers} WHERE id = $1`, [this.row.id]);
    const [row] = rows as readonly { role: string }[];
    return row === undefined || row.role === 'retired';
  }

  #context(tx: Executor): ProjectionContext {
    return { tx, table: (name) => tableName(this.projection, this.row.id, name) };
  }
}

const isServerTrouble = (code: unknown): boolean => typeof code === 'string' && SERVER_TROUBLE.test(code);
