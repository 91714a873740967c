import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Position, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { type AppendPlan, planAppend, type WaitingRow } from '../../append/append-plan.ts';
import type { StageOptions } from '../../config.ts';
import type { Executed, Progress, TargetSession, WriterIdentity } from '../../dialect.ts';
import { ConnectionLost } from '../../errors.ts';
import { foreignKeyOrder } from '../../target/foreign-key-order.ts';
import { planTable } from '../../target/plan-table.ts';
import { rowMissing } from '../../target/row-missing.ts';
import { Refusal } from '../../upsert/refusal.ts';
import type { RowReader } from '../../upsert/row-reader.ts';
import { RowTexts } from '../../upsert/row-texts.ts';
import { Action, type Step, type TableRows } from '../../upsert/steps.ts';
import type { TablePlan } from '../../upsert/table-plan.ts';
import { SqliteCatalog } from './catalog.ts';
import { claimProgress, storeProgress } from './progress.ts';
import { RowStatements } from './row-statements.ts';
import { classify, isBusy } from './server-error.ts';
import { sqliteValue } from './values.ts';

export const DEFAULT_TABLE = '{table}';
/** Rows written before others on the thread get their turn. */
const ROWS_A_SLICE = 256;
/** How long another process may hold the file. */
const BUSY_TRIES_MAX = 3_000;
const BUSY_PAUSE_MS = 10;

/**
 * The write side at SQLite. Its calls block; the sink has a thread of its own. An older execution that is paused inside a transaction
 * keeps the file locked: nobody but its machine can end it.
 */
export class SqliteSession implements TargetSession {
  readonly #database: DatabaseSync;
  readonly #identity: WriterIdentity;
  readonly #texts = new RowTexts();
  readonly #statements = new Map<TablePlan, RowStatements>();
  #isAborted = false;

  constructor(database: DatabaseSync, identity: WriterIdentity) {
    this.#database = database;
    this.#identity = identity;
  }

  claim(afresh: boolean): Promise<Progress> {
    return this.#guard(() => this.#atomically(async () => claimProgress(this.#database, this.#identity, afresh)));
  }

  plan(source: TableSchema, stage: StageOptions): Promise<TablePlan> {
    return this.#guard(async () => {
      const catalog = new SqliteCatalog(this.#database);
      const plan = await this.#atomically(() => planTable(catalog, source, stage, DEFAULT_TABLE));
      this.#statements.set(plan, new RowStatements(this.#database, plan));
      return plan;
    });
  }

  planAppend(source: TableSchema, stage: StageOptions, isNoted: boolean): Promise<AppendPlan> {
    const catalog = new SqliteCatalog(this.#database);
    return this.#guard(() =>
      this.#atomically(() => planAppend(catalog, source, stage, DEFAULT_TABLE, this.#identity, isNoted)),
    );
  }

  wait(plan: AppendPlan, rows: readonly WaitingRow[], reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      const values = plan.columns.map(sqliteValue);
      const places = plan.waitingColumns.replace(/"(?:[^"]|"")*"/g, '?');
      const insert = this.#database.prepare(`insert into ${plan.waiting} (${plan.waitingColumns}) values (${places})`);
      for (const [index, { event, old, head }] of rows.entries()) {
        const texts = this.#texts.read(reader, event, plan, old);
        insert.run(...head, ...texts.map((text, column) => (text === null ? null : values[column]!(text))));
        if (index % ROWS_A_SLICE === ROWS_A_SLICE - 1) await this.#turn();
      }
    });
  }

  execute(sql: string): Promise<Executed> {
    return this.#guard(async () => {
      const statement = this.#database.prepare(sql);
      if (!sql.startsWith('select')) return { count: Number(statement.run().changes), row: undefined };
      statement.setReadBigInts(true);
      const row = statement.get();
      return { count: Number(row?.['count'] ?? 0), row };
    });
  }

  /** Takes the lock for writing at once: one taken later could be refused in the middle. */
  begin(): Promise<void> {
    return this.#guard(() => this.#patiently('begin immediate'));
  }

  savepoint(name: string): Promise<void> {
    return this.#run(`savepoint ${name}`);
  }

  release(name: string): Promise<void> {
    return this.#run(`release ${name}`);
  }

  rollbackTo(name: string): Promise<void> {
    return this.#run(`rollback to ${name}`);
  }

  checkConstraints(): Promise<void> {
    return this.#guard(async () => {
      const deferred = "select 1 from sqlite_schema where sql like '%initially deferred%'";
      if (this.#database.prepare(deferred).get() === undefined) return;
      const violated = this.#database.prepare('pragma foreign_key_check').get();
      if (violated !== undefined) throw new Refusal(`FOREIGN KEY constraint failed in ${String(violated['table'])}`);
    });
  }

  rollback(): Promise<void> {
    return this.#guard(async () => {
      // A trigger may have rolled everything back.
      if (this.#database.isTransaction) this.#database.exec('rollback');
    });
  }

  apply(step: Step, reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      if (step.kind === 'truncate') this.#clear(step.plans);
      else if (step.kind === 'move') this.#move(step.plan, step.event, reader);
      else await this.#rows(step.tables, reader);
    });
  }

  commit(progress: Position | undefined, snapshotId: number | undefined): Promise<void> {
    return this.#guard(async () => {
      try {
        storeProgress(this.#database, this.#identity, progress, snapshotId);
      } catch (error) {
        this.#database.exec('rollback');
        throw error;
      }
      await this.#patiently('commit');
    });
  }

  abort(): void {
    this.#isAborted = true;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async #rows(step: readonly TableRows[], reader: RowReader): Promise<void> {
    const each = async (rows: TableRows, wants: (action: number) => boolean): Promise<void> => {
      for (const [index, event] of rows.events.entries()) {
        if (wants(rows.actions[index]!)) this.#row(rows, event, rows.actions[index]!, reader);
        if (index % ROWS_A_SLICE === ROWS_A_SLICE - 1) await this.#turn();
      }
    };
    const { tables, deletes, deletesLast } = foreignKeyOrder(step);
    const remove = async (): Promise<void> => {
      for (const rows of deletes) await each(rows, (action) => action === Action.Delete);
    };
    if (!deletesLast) await remove();
    for (const rows of tables) await each(rows, (action) => action !== Action.Delete);
    if (deletesLast) await remove();
  }

  #row({ plan, partials }: TableRows, event: number, action: number, reader: RowReader): void {
    const statements = this.#statements.get(plan)!;
    const texts = this.#texts.read(reader, event, plan, action === Action.Delete);
    if (action === Action.Delete) statements.delete(texts);
    else if (action === Action.Upsert) statements.upsert(texts);
    else {
      const { unknown, mayBeMissing } = partials[action - Action.Partial]!;
      if (!statements.update(texts, unknown) && !mayBeMissing) throw rowMissing();
    }
  }

  /** In whatever order the foreign keys between the tables let them be emptied. */
  #clear(plans: readonly TablePlan[]): void {
    let left = [...plans];
    for (;;) {
      const refused: TablePlan[] = [];
      let refusal: Error | undefined;
      for (const plan of left) {
        try {
          this.#statements.get(plan)!.clear.run();
        } catch (error) {
          refusal = classify(error);
          if (!(refusal instanceof Refusal)) throw refusal;
          refused.push(plan);
        }
      }
      if (refused.length === 0) return;
      if (refused.length === left.length) throw refusal;
      left = refused;
    }
  }

  #move(plan: TablePlan, event: number, reader: RowReader): void {
    const statements = this.#statements.get(plan)!;
    const unknown = reader.unknownColumns(event, plan) ?? [];
    const texts = this.#texts.read(reader, event, plan, false);
    if (statements.move(this.#texts.read(reader, event, plan, true), texts, unknown)) return;
    // The old row is not there: after a replay of a loading table it may have moved already.
    if (!statements.update(texts, unknown) && !reader.events.isLoading(event)) throw rowMissing();
  }

  /** In a transaction of its own, unless one is open. */
  async #atomically<T>(work: () => Promise<T>): Promise<T> {
    if (this.#database.isTransaction) return work();
    await this.#patiently('begin immediate');
    try {
      const result = await work();
      await this.#patiently('commit');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  /** Tries again while another connection holds the file. */
  async #patiently(sql: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        this.#database.exec(sql);
        return;
      } catch (error) {
        if (!isBusy(error) || tries >= BUSY_TRIES_MAX) throw error;
        await pause(BUSY_PAUSE_MS);
        this.#throwIfAborted();
      }
    }
  }

  async #turn(): Promise<void> {
    await turn();
    this.#throwIfAborted();
  }

  #throwIfAborted(): void {
    if (this.#isAborted) throw new MillraceError(ConnectionLost, { message: 'the sink is being closed' });
  }

  #run(sql: string): Promise<void> {
    return this.#guard(async () => this.#database.exec(sql));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw classify(error);
    }
  }
}
