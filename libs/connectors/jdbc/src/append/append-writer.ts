import type { Refusals } from '@millrace/connector-contract';
import { formatLsn, Op, type Position } from '@millrace/formats';
import type { StageOptions } from '../config.ts';
import type { TargetSession } from '../dialect.ts';
import type { EventList } from '../upsert/event-list.ts';
import type { Work } from '../upsert/pending-events.ts';
import { PlanCache } from '../upsert/plan-cache.ts';
import { Refusal } from '../upsert/refusal.ts';
import { RowReader } from '../upsert/row-reader.ts';
import { rowRefused } from '../upsert/row-refused.ts';
import { type AppendPlan, isSourceKey, type WaitingRow, type WaitingTable } from './append-plan.ts';
import { type MoveCulprit, moveRefused } from './move-refused.ts';
import { cleanSql, countSql, keySql, moveSql, type UpTo } from './move-sql.ts';
import type { RefusedRow, RefusedRows } from './refused-rows.ts';
import { TolerantWait } from './tolerant-wait.ts';

/** All that waits for a snapshot: what its commit moves. Plain data but for the position. */
export interface Prepared {
  readonly upTo: UpTo;
  /** Rows that wait. */
  readonly rows: number;
  readonly position: Position | undefined;
  readonly tables: readonly WaitingTable[];
  /** Refused rows whose letters the snapshot holds. */
  readonly told?: readonly RefusedRow[] | undefined;
}

const OPS: Readonly<Record<number, string>> = {
  [Op.Create]: 'c',
  [Op.Read]: 'r',
  [Op.Update]: 'u',
  [Op.Delete]: 'd',
};

export interface AppendWriterOptions {
  readonly session: TargetSession;
  readonly stage: StageOptions;
  readonly generation: number;
  /** What earlier executions left says nothing. */
  readonly isAfresh: boolean;
  /** Absent: the first row that is refused is an error. */
  readonly tolerance?: { readonly refusals: Refusals; readonly refused: RefusedRows } | undefined;
}

/** Puts rows where they wait, a part after the other, and moves them to the targets. Calls never overlap. */
export class AppendWriter {
  readonly #session: TargetSession;
  readonly #options: AppendWriterOptions;
  readonly #refused: RefusedRows | undefined;
  readonly #plans: PlanCache<AppendPlan>;
  readonly #tables = new Map<string, WaitingTable>();
  #part = 0;
  #rows = 0;
  #position: Position | undefined;

  constructor(options: AppendWriterOptions) {
    const { session, stage, tolerance } = options;
    this.#session = session;
    this.#options = options;
    this.#refused = tolerance?.refused;
    this.#plans = new PlanCache((source) => session.planAppend(source, stage, tolerance !== undefined));
  }

  /** What would be moved by now. */
  get prepared(): Prepared {
    return {
      upTo: { generation: this.#options.generation, part: this.#part },
      rows: this.#rows,
      position: this.#position,
      tables: [...this.#tables.values()],
      told: this.#refused?.told,
    };
  }

  /**
   * Makes the events durable, invisible to readers of the targets.
   * @throws MillraceError `jdbc.row_refused`, `jdbc.fenced`
   */
  async write({ events }: Work): Promise<void> {
    const made = await this.#plans.prepare(events);
    const reader = new RowReader(events);
    await this.#session.begin();
    for (const plan of made) await this.#enter(plan);
    const rows = this.#rowsOf(events);
    const wait = (plan: AppendPlan, of: readonly WaitingRow[]): Promise<void> => this.#wait(plan, of, reader);
    const { tolerance } = this.#options;
    let leftOut: ReadonlySet<number> = new Set();
    if (tolerance !== undefined) {
      const waiting = new TolerantWait(this.#session, tolerance.refusals, events, wait);
      for (const [plan, of] of rows) await waiting.write(plan, of);
      leftOut = waiting.leftOut;
    } else {
      try {
        for (const [plan, of] of rows) await wait(plan, of);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.#session.rollback();
        throw await this.#culprit(events, rows, reader, error);
      }
    }
    await this.#session.commit(undefined, undefined);
    this.#part += 1;
    for (const of of rows.values()) this.#rows += of.filter(({ event }) => !leftOut.has(event)).length;
    this.#position = events.progressBefore(events.length) ?? this.#position;
  }

  /** How many of the rows wait that this snapshot prepared. */
  async waiting({ tables, upTo }: Prepared): Promise<number> {
    let count = 0;
    for (const table of tables) count += (await this.#session.execute(countSql(table, upTo))).count;
    return count;
  }

  /**
   * Shows rows in the targets, all in one transaction with the marker of the snapshot (and the position, of which replayed events are
   * known).
   * @throws MillraceError `jdbc.move_refused`, `jdbc.fenced`: nothing was moved.
   */
  async move({ upTo, tables, position, rows, told = [] }: Prepared, snapshotId: number | undefined): Promise<void> {
    await this.#session.begin();
    await this.#refused?.forget(told);
    let behind = 0;
    for (const table of rows > 0 ? tables : []) {
      const [insert, remove] = moveSql(table, upTo);
      try {
        if (this.#refused === undefined) {
          await this.#session.execute(insert);
          await this.#session.checkConstraints();
        } else {
          behind += await this.#refused.move(table, upTo);
        }
        await this.#session.execute(remove);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.#session.rollback();
        throw moveRefused(table, await this.#refusedRow(table, upTo, error));
      }
    }
    await this.#session.commit(position, snapshotId);
    this.#refused?.forgotten(told);
    if (upTo.generation === this.#options.generation) this.#rows -= rows + behind;
  }

  /** Removes what executions before this one left in these tables. */
  async clean({ tables }: Prepared): Promise<void> {
    const { generation, isAfresh } = this.#options;
    await this.#session.begin();
    for (const table of tables) await this.#session.execute(cleanSql(table, generation, isAfresh));
    await this.#session.commit(undefined, undefined);
  }

  /** Tries more and fewer of the waiting rows, in their order: the last of the fewest that are refused is to blame. */
  async #refusedRow(table: WaitingTable, upTo: UpTo, refusal: Refusal): Promise<MoveCulprit> {
    const tried = async (count: number): Promise<Refusal | undefined> => {
      await this.#session.begin();
      try {
        await this.#session.execute(moveSql(table, upTo, count)[0]);
        await this.#session.checkConstraints();
        return undefined;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return error;
      } finally {
        await this.#session.rollback();
      }
    };
    let said = refusal;
    let passes = 0;
    let refused = (await this.#session.execute(countSql(table, upTo))).count;
    while (refused - passes > 1) {
      const middle = (passes + refused) >> 1;
      const again = await tried(middle);
      if (again === undefined) passes = middle;
      else {
        refused = middle;
        said = again;
      }
    }
    const { row } = await this.#session.execute(keySql(table, upTo, passes));
    return { key: row ?? {}, refusal: said };
  }

  /** Before the first rows of a shape of a table. */
  async #enter({ move, source }: AppendPlan): Promise<void> {
    const { generation, isAfresh } = this.#options;
    const known = this.#tables.get(move.waiting);
    const shapes = known?.shapes === undefined ? move.shapes : [...known.shapes, source];
    this.#tables.set(move.waiting, { ...move, shapes });
    if (known === undefined) await this.#session.execute(cleanSql(move, generation, isAfresh));
  }

  async #wait(plan: AppendPlan, rows: readonly WaitingRow[], reader: RowReader): Promise<void> {
    for (const { event, old } of rows) {
      if (!old && reader.unknownColumns(event, plan) !== undefined) throw unchanged(plan);
    }
    await this.#session.wait(plan, rows, reader);
  }

  #rowsOf(events: EventList): Map<AppendPlan, WaitingRow[]> {
    const { generation, tolerance } = this.#options;
    const { changeColumns, deletes } = this.#options.stage;
    const rows = new Map<AppendPlan, WaitingRow[]>();
    for (let event = 0; event < events.length; event++) {
      const op = events.op(event);
      const isDelete = op === Op.Delete;
      if (op === Op.Truncate || (isDelete && (!changeColumns || deletes === 'ignore'))) continue;
      const plan = this.#plans.of(events.schema(event));
      let of = rows.get(plan);
      if (of === undefined) {
        of = [];
        rows.set(plan, of);
      }
      const head: (number | string | null)[] = [generation, this.#part + 1, event];
      if (tolerance !== undefined) {
        const note = tolerance.refusals.note(events.batch(event), events.row(event));
        head.push(this.#tables.get(plan.waiting)!.shapes!.indexOf(plan.source), Buffer.from(note).toString('base64'));
      }
      if (plan.hasChangeColumns) {
        const position = events.position(event);
        head.push(OPS[op]!, position === undefined ? null : formatLsn(position.commitLsn), position?.index ?? null);
      }
      of.push({ event, old: isDelete, head });
    }
    return rows;
  }

  /** Halves the rows of a table until one is left that is refused alone. */
  async #culprit(
    events: EventList,
    rows: Map<AppendPlan, WaitingRow[]>,
    reader: RowReader,
    refusal: Refusal,
  ): Promise<Error> {
    const refused = async (plan: AppendPlan, of: readonly WaitingRow[]): Promise<Refusal | undefined> => {
      await this.#session.begin();
      try {
        await this.#wait(plan, of, reader);
        return undefined;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return error;
      } finally {
        await this.#session.rollback();
      }
    };
    for (const [plan, all] of rows) {
      let found = await refused(plan, all);
      if (found === undefined) continue;
      let left: readonly WaitingRow[] = all;
      while (left.length > 1) {
        const middle = left.length >> 1;
        const first = await refused(plan, left.slice(0, middle));
        left = first === undefined ? left.slice(middle) : left.slice(0, middle);
        found = first ?? found;
      }
      const key = plan.columns.filter((column) => isSourceKey(plan, column));
      return rowRefused(events, left[0]!.event, plan, key, found);
    }
    return refusal;
  }
}

const unchanged = (plan: AppendPlan): Refusal =>
  new Refusal(
    `the change leaves large columns as they were and does not carry them; set REPLICA IDENTITY FULL for ${plan.source.id} at the source`,
  );
