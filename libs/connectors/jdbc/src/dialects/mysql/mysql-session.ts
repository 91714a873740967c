import { setImmediate as turn } from 'node:timers/promises';
import type { Position, TableSchema } from '@millrace/formats';
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { type AppendPlan, planAppend, type WaitingRow } from '../../append/append-plan.ts';
import type { ServerOptions, StageOptions } from '../../config.ts';
import type { Executed, Progress, TargetSession, WriterIdentity } from '../../dialect.ts';
import { foreignKeyOrder } from '../../target/foreign-key-order.ts';
import { planTable } from '../../target/plan-table.ts';
import { rowMissing } from '../../target/row-missing.ts';
import { Refusal } from '../../upsert/refusal.ts';
import type { RowReader } from '../../upsert/row-reader.ts';
import { RowTexts } from '../../upsert/row-texts.ts';
import { Action, type Step, type TableRows } from '../../upsert/steps.ts';
import type { TablePlan } from '../../upsert/table-plan.ts';
import { MysqlCatalog } from './catalog.ts';
import { connect, type MysqlConnection } from './connect.ts';
import { literalOf, rowSql } from './literals.ts';
import { MergeSql } from './merge-sql.ts';
import { claimProgress, createProgressTable, endOlderSession, sessionLock, storeProgress } from './progress.ts';
import { quoteText } from './quote.ts';
import { classify, serverMessage } from './server-error.ts';

export const DEFAULT_TABLE = '{table}';

/** Characters of a statement that fills a staging table: large enough to be cheap, small enough to be built in a fraction of a millisecond. */
const STATEMENT_CHARACTERS = 131_072;
const DEFINE_SECONDS_MAX = 10;
/** What a statement has besides its rows. */
const STATEMENT_HEAD_BYTES = 16_384;
/** A character takes at most three bytes of UTF-8 (those of four are two characters in JavaScript). */
const CHARACTER_BYTES_MAX = 3;

/** The write side at MySQL and MariaDB: rows go into a temporary table and are merged from there. */
export class MysqlSession implements TargetSession {
  readonly #target: MysqlConnection;
  readonly #options: ServerOptions;
  readonly #identity: WriterIdentity;
  readonly #texts = new RowTexts();
  readonly #merges = new Map<TablePlan, MergeSql>();
  /** Staging tables that hold rows. */
  readonly #filled = new Set<MergeSql>();
  /** Creates and alters tables, which would commit the open transaction of the other. */
  #definer: MysqlConnection | undefined;

  constructor(target: MysqlConnection, options: ServerOptions, identity: WriterIdentity) {
    this.#target = target;
    this.#options = options;
    this.#identity = identity;
  }

  claim(afresh: boolean): Promise<Progress> {
    return this.#guard(async () => {
      const { connection } = this.#target;
      await createProgressTable(connection);
      await endOlderSession(connection, this.#identity, sessionLock(this.#identity, this.#options.database));
      return await claimProgress(connection, this.#identity, afresh);
    });
  }

  plan(source: TableSchema, stage: StageOptions): Promise<TablePlan> {
    return this.#guard(async () => {
      const plan = await planTable(await this.#catalog(), source, stage, DEFAULT_TABLE);
      const merge = new MergeSql(plan, `millrace_stage_${this.#merges.size}`);
      await this.#query(merge.createStage);
      this.#merges.set(plan, merge);
      return plan;
    });
  }

  planAppend(source: TableSchema, stage: StageOptions, isNoted: boolean): Promise<AppendPlan> {
    return this.#guard(async () =>
      planAppend(await this.#catalog(), source, stage, DEFAULT_TABLE, this.#identity, isNoted),
    );
  }

  wait(plan: AppendPlan, rows: readonly WaitingRow[], reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      const literals = plan.columns.map(literalOf);
      const head = `insert into ${plan.waiting} (${plan.waitingColumns}) values `;
      await this.#insert(head, rows, ({ event, old, head: first }) => {
        const constants = first.map((value) => (typeof value === 'string' ? quoteText(value) : String(value)));
        return rowSql(constants, this.#texts.read(reader, event, plan, old), literals);
      });
    });
  }

  execute(sql: string): Promise<Executed> {
    return this.#guard(async () => {
      const [result] = await this.#target.connection.query<ResultSetHeader | RowDataPacket[]>(sql);
      if (!Array.isArray(result)) return { count: result.affectedRows, row: undefined };
      return { count: Number(result[0]?.['count'] ?? result.length), row: result[0] };
    });
  }

  begin(): Promise<void> {
    return this.#run('begin');
  }

  savepoint(name: string): Promise<void> {
    return this.#run(`savepoint ${name}`);
  }

  release(name: string): Promise<void> {
    return this.#run(`release savepoint ${name}`);
  }

  rollbackTo(name: string): Promise<void> {
    return this.#run(`rollback to savepoint ${name}`);
  }

  /** InnoDB has no deferred ones. */
  async checkConstraints(): Promise<void> {}

  rollback(): Promise<void> {
    return this.#run('rollback');
  }

  apply(step: Step, reader: RowReader): Promise<void> {
    return this.#guard(async () => {
      if (step.kind === 'truncate') await this.#clear(step.plans);
      else if (step.kind === 'move') await this.#move(step.plan, step.event, reader);
      else await this.#rows(step.tables, reader);
    });
  }

  commit(progress: Position | undefined, snapshotId: number | undefined): Promise<void> {
    return this.#guard(async () => {
      await storeProgress(this.#target.connection, this.#identity, progress, snapshotId);
      await this.#query('commit');
    });
  }

  abort(): void {
    this.#target.abort();
    this.#definer?.abort();
  }

  async close(): Promise<void> {
    await Promise.all([this.#target.close(), this.#definer?.close()]);
  }

  async #rows(step: readonly TableRows[], reader: RowReader): Promise<void> {
    const { tables, deletes, deletesLast } = foreignKeyOrder(step);
    for (const rows of tables) await this.#fill(rows, reader);
    const remove = async (): Promise<void> => {
      for (const rows of deletes) await this.#query(this.#sql(rows.plan).delete);
    };
    if (!deletesLast) await remove();
    for (const rows of tables) {
      const merge = this.#sql(rows.plan);
      for (const [index, { count, unknown, mayBeMissing }] of rows.partials.entries()) {
        if (count === 0) continue;
        const { affectedRows } = await this.#query(merge.partial(Action.Partial + index, unknown));
        if (affectedRows < count && !mayBeMissing) throw rowMissing();
      }
      if (rows.upserts > 0) for (const sql of merge.upsert) await this.#query(sql);
    }
    if (deletesLast) await remove();
  }

  async #fill({ plan, events, actions }: TableRows, reader: RowReader): Promise<void> {
    const merge = this.#sql(plan);
    if (this.#filled.has(merge)) await this.#query(merge.emptyStage);
    this.#filled.add(merge);
    await this.#insert(merge.fill, events, (event, index) => {
      const action = actions[index]!;
      return merge.rowSql(action, this.#texts.read(reader, event, plan, action === Action.Delete));
    });
  }

  /** Inserts rows in statements of a bounded size. */
  async #insert<Row>(head: string, all: readonly Row[], sqlOf: (row: Row, index: number) => string): Promise<void> {
    const packet = this.#target.packetBytes - STATEMENT_HEAD_BYTES;
    let rows: string[] = [];
    let characters = 0;
    const send = async (): Promise<void> => {
      if (rows.length > 0) await this.#exactly(`${head}${rows.join(',')}`);
      rows = [];
      characters = 0;
      await turn();
    };
    for (const [index, one] of all.entries()) {
      const row = sqlOf(one, index);
      if (row.length * CHARACTER_BYTES_MAX > packet && Buffer.byteLength(row) > packet) {
        throw new Refusal(`the row does not fit max_allowed_packet (${this.#target.packetBytes} bytes) of the target`);
      }
      if (characters + row.length > Math.min(STATEMENT_CHARACTERS, packet / CHARACTER_BYTES_MAX)) await send();
      rows.push(row);
      characters += row.length;
    }
    await send();
  }

  /** In whatever order the foreign keys between the tables let them be emptied. TRUNCATE would commit. */
  async #clear(plans: readonly TablePlan[]): Promise<void> {
    let left = [...plans];
    for (;;) {
      const refused: TablePlan[] = [];
      let refusal: Error | undefined;
      for (const plan of left) {
        try {
          await this.#query(this.#sql(plan).clear);
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

  async #move(plan: TablePlan, event: number, reader: RowReader): Promise<void> {
    const merge = this.#sql(plan);
    const { target, marker } = plan;
    const unknown = reader.unknownColumns(event, plan) ?? [];
    const old = this.#texts.read(reader, event, plan, true);
    const texts = this.#texts.read(reader, event, plan, false);
    const [found] = await this.#target.connection.query<RowDataPacket[]>(
      `select 1 from ${target} where ${merge.whereKey(old)} for update`,
    );
    if (found.length === 0) {
      // After a replay of a loading table it may have moved already.
      const set = merge.assignments(texts, unknown);
      const { affectedRows } = await this.#exactly(`update ${target} set ${set} where ${merge.whereKey(texts)}`);
      if (affectedRows === 0 && !reader.events.isLoading(event)) throw rowMissing();
      return;
    }
    await this.#query(`delete from ${target} where ${merge.whereKey(texts)}`);
    if (marker === undefined) {
      await this.#exactly(`update ${target} set ${merge.assignments(texts, unknown)} where ${merge.whereKey(old)}`);
      return;
    }
    await this.#exactly(merge.copy(old, texts, unknown));
    await this.#query(`update ${target} set \`${marker.replaceAll('`', '``')}\` = true where ${merge.whereKey(old)}`);
  }

  /** Of the connection that may create and alter tables. */
  async #catalog(): Promise<MysqlCatalog> {
    this.#definer ??= await connect(this.#options);
    const { connection, collation } = this.#definer;
    // Waiting for the own open transaction would be for ever.
    await connection.query(`set session lock_wait_timeout = ${DEFINE_SECONDS_MAX}`);
    return new MysqlCatalog(connection, collation);
  }

  #sql(plan: TablePlan): MergeSql {
    return this.#merges.get(plan)!;
  }

  /** Where constants are written into columns: a warning means that a value was changed to fit. */
  async #exactly(sql: string): Promise<ResultSetHeader> {
    const result = await this.#query(sql);
    if (result.warningStatus === 0) return result;
    const [warnings] = await this.#target.connection.query<RowDataPacket[]>('show warnings');
    throw new Refusal(`the target changed a value: ${serverMessage({ message: String(warnings[0]?.['Message']) })}`);
  }

  async #query(sql: string): Promise<ResultSetHeader> {
    const [result] = await this.#target.connection.query<ResultSetHeader>(sql);
    return result;
  }

  async #run(sql: string): Promise<void> {
    await this.#guard(() => this.#query(sql));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw classify(error);
    }
  }
}
