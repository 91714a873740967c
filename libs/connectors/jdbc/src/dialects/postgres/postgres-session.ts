import type { Position, TableSchema } from '@millrace/formats';
import type pg from 'pg';
import { type AppendPlan, planAppend, type WaitingRow } from '../../append/append-plan.ts';
import type { StageOptions } from '../../config.ts';
import type { Executed, Progress, TargetSession, WriterIdentity } from '../../dialect.ts';
import { fenced } from '../../target/fenced.ts';
import { foreignKeyOrder } from '../../target/foreign-key-order.ts';
import { planTable } from '../../target/plan-table.ts';
import { rowMissing } from '../../target/row-missing.ts';
import type { RowReader } from '../../upsert/row-reader.ts';
import { Action, type Step, type TableRows } from '../../upsert/steps.ts';
import type { TablePlan } from '../../upsert/table-plan.ts';
import { PostgresCatalog } from './catalog.ts';
import { DEFAULT_TABLE } from './check.ts';
import { type PostgresConnection } from './connect.ts';
import { RowCopier } from './copy-rows.ts';
import { MergeSql, OLD_KEY } from './merge-sql.ts';
import { claimProgress, createProgressTable, endOlderSessions, isFenced, progressSql } from './progress.ts';
import { classify } from './server-error.ts';

/** The write side at PostgreSQL: COPY into a temporary table, then merge. See docs/adr/20261121-upsert-by-copy-and-merge.md. */
export class PostgresSession implements TargetSession {
  readonly #connection: PostgresConnection;
  readonly #client: pg.PoolClient;
  readonly #identity: WriterIdentity;
  readonly #name: string;
  readonly #copier: RowCopier;
  readonly #catalog: PostgresCatalog;
  readonly #merges = new Map<TablePlan, MergeSql>();
  /** Statements that go out with the next ones, to save round trips. */
  #queue: string[] = [];
  /** Fewest rows that a queued statement, by its index, must find. */
  #expected: { readonly at: number; readonly count: number }[] = [];
  /** Staging tables that hold rows of the open transaction. */
  readonly #filled = new Set<MergeSql>();

  constructor(connection: PostgresConnection, identity: WriterIdentity, name: string) {
    this.#connection = connection;
    this.#client = connection.client;
    this.#identity = identity;
    this.#name = name;
    this.#copier = new RowCopier(connection.client);
    this.#catalog = new PostgresCatalog(connection.client);
  }

  claim(afresh: boolean): Promise<Progress> {
    return this.#guard(async () => {
      await createProgressTable(this.#client);
      await endOlderSessions(this.#client, this.#name, this.#identity.generation);
      return await claimProgress(this.#client, this.#identity, afresh);
    });
  }

  plan(source: TableSchema, stage: StageOptions): Promise<TablePlan> {
    return this.#guard(async () => {
      const plan = await planTable(this.#catalog, source, stage, DEFAULT_TABLE);
      const merge = new MergeSql(plan, `millrace_stage_${this.#merges.size}`);
      await this.#client.query(merge.createStage);
      this.#merges.set(plan, merge);
      return plan;
    });
  }

  planAppend(source: TableSchema, stage: StageOptions, isNoted: boolean): Promise<AppendPlan> {
    return this.#guard(() => planAppend(this.#catalog, source, stage, DEFAULT_TABLE, this.#identity, isNoted));
  }

  wait(plan: AppendPlan, rows: readonly WaitingRow[], reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      await this.#flush();
      const line = (index: number) => {
        const { event, old, head } = rows[index]!;
        return { event, old, action: head.map((value) => value ?? '\\N').join('\t') };
      };
      await this.#copier.copy(
        `copy ${plan.waiting} (${plan.waitingColumns}) from stdin`,
        rows.length,
        line,
        plan,
        reader,
      );
    });
  }

  execute(sql: string): Promise<Executed> {
    return this.#guard(async () => {
      await this.#flush();
      const { rows, rowCount } = await this.#client.query<Record<string, unknown>>(sql);
      return { count: Number(rows[0]?.['count'] ?? rowCount), row: rows[0] };
    });
  }

  async begin(): Promise<void> {
    this.#queue = ['begin isolation level read committed'];
  }

  async savepoint(name: string): Promise<void> {
    await this.#run(`savepoint ${name}`);
  }

  async release(name: string): Promise<void> {
    await this.#run(`release savepoint ${name}`);
  }

  async rollbackTo(name: string): Promise<void> {
    this.#forget();
    await this.#run(`rollback to savepoint ${name}`);
  }

  async checkConstraints(): Promise<void> {
    await this.#run('set constraints all immediate');
    await this.#run('set constraints all deferred');
  }

  async rollback(): Promise<void> {
    this.#forget();
    await this.#run('rollback');
    this.#filled.clear();
  }

  apply(step: Step, reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      if (step.kind === 'truncate') {
        const emptied = step.plans.filter((plan) => this.#sql(plan).clear === undefined);
        for (const plan of step.plans) {
          const { clear } = this.#sql(plan);
          if (clear !== undefined) this.#queue.push(clear);
        }
        if (emptied.length > 0) this.#queue.push(`truncate ${emptied.map((plan) => plan.target).join(', ')}`);
      } else if (step.kind === 'move') {
        await this.#move(step.plan, step.event, reader);
      } else {
        for (const rows of step.tables) await this.#copy(rows, reader);
        this.#merge(step.tables);
      }
    });
  }

  commit(progress: Position | undefined, snapshotId: number | undefined): Promise<void> {
    return this.#guard(async () => {
      if (this.#expected.length > 0) await this.#flush();
      this.#queue.push(progressSql(this.#identity, progress, snapshotId), 'commit');
      try {
        await this.#flush();
      } catch (error) {
        if (!isFenced(error)) throw error;
        await this.#client.query('rollback');
        throw fenced(this.#identity);
      }
      this.#filled.clear();
    });
  }

  abort(): void {
    this.#connection.abort();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #copy(rows: TableRows, reader: RowReader): Promise<void> {
    const merge = await this.#emptyStage(rows.plan);
    const { events, actions } = rows;
    const line = (index: number) => ({ event: events[index]!, action: actions[index]! });
    await this.#copier.copy(merge.copy, events.length, line, rows.plan, reader);
  }

  #merge(step: readonly TableRows[]): void {
    const { tables, deletes, deletesLast } = foreignKeyOrder(step);
    const remove = deletes.map((rows) => this.#sql(rows.plan).delete);
    if (!deletesLast) this.#queue.push(...remove);
    for (const rows of tables) {
      const merge = this.#sql(rows.plan);
      for (const [index, partial] of rows.partials.entries()) {
        if (partial.count === 0) continue;
        if (!partial.mayBeMissing) this.#expected.push({ at: this.#queue.length, count: partial.count });
        this.#queue.push(merge.partial(Action.Partial + index, partial.unknown));
      }
      if (rows.upserts > 0) this.#queue.push(merge.upsert);
    }
    if (deletesLast) this.#queue.push(...remove);
  }

  /** Sends the queue in one round trip. Statements are planned anew each time, when the staging table's size is known. */
  async #flush(): Promise<void> {
    const statements = this.#queue;
    const expected = this.#expected;
    this.#forget();
    if (statements.length === 0) return;
    const answer = (await this.#client.query(statements.join(';\n'))) as unknown as pg.QueryResult | pg.QueryResult[];
    const results = Array.isArray(answer) ? answer : [answer];
    for (const { at, count } of expected) if ((results[at]!.rowCount ?? 0) < count) throw rowMissing();
  }

  #forget(): void {
    this.#queue = [];
    this.#expected = [];
  }

  async #move(plan: TablePlan, event: number, reader: RowReader): Promise<void> {
    const merge = await this.#emptyStage(plan);
    const unknown = reader.unknownColumns(event, plan) ?? [];
    const line = (index: number) =>
      index === 0 ? { event, action: OLD_KEY, old: true } : { event, action: Action.Partial };
    await this.#copier.copy(merge.copy, 2, line, plan, reader);
    const [clear, change, mark] = merge.move(unknown);
    await this.#client.query(clear!);
    const moved = await this.#client.query(change!);
    if (mark !== undefined) await this.#client.query(mark);
    if (moved.rowCount === 1) return;
    // The old row is not there: after a replay of a loading table it may have moved already.
    const updated = await this.#client.query(merge.partial(Action.Partial, unknown));
    if (updated.rowCount === 0 && !reader.events.isLoading(event)) throw rowMissing();
  }

  async #emptyStage(plan: TablePlan): Promise<MergeSql> {
    const merge = this.#sql(plan);
    if (this.#filled.has(merge)) this.#queue.push(merge.truncateStage);
    this.#filled.add(merge);
    await this.#flush();
    return merge;
  }

  #sql(plan: TablePlan): MergeSql {
    return this.#merges.get(plan)!;
  }

  async #run(sql: string): Promise<void> {
    await this.#guard(async () => {
      this.#queue.push(sql);
      await this.#flush();
    });
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw classify(error);
    }
  }
}
