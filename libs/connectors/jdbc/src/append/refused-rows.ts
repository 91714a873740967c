import type { Refusals } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { TargetSession } from '../dialect.ts';
import { RowRefused } from '../errors.ts';
import { Refusal } from '../upsert/refusal.ts';
import type { WaitingTable } from './append-plan.ts';
import type { UpTo } from './move-sql.ts';
import {
  allBetween,
  forgetSql,
  highestRefusedSql,
  insertSql,
  lastPlaceSql,
  laterOfKeySql,
  markSql,
  nextRefusedSql,
  noteSql,
  type Rows,
} from './noted-sql.ts';

/** A row that was refused, in the table where it waited: by its number among these. */
export interface RefusedRow {
  readonly waiting: string;
  readonly number: number;
}

/** A place in the order in which rows of an execution came. */
interface Place {
  readonly generation: number;
  readonly part: number;
  readonly place: number;
}

export interface RefusedRowsOptions {
  readonly session: TargetSession;
  readonly refusals: Refusals;
  /** Waits before retry 0, 1, … */
  readonly pause: (retry: number) => Promise<void>;
}

/**
 * Rows that the target refuses when they are moved. They stay in the waiting table, marked in the transaction that moves the others, until a
 * committed snapshot holds what became of them: after a crash before that they are set aside again.
 */
export class RefusedRows {
  readonly #options: RefusedRowsOptions;
  /** Set aside, and not forgotten yet. */
  #told: readonly RefusedRow[] = [];
  /** The highest number in a table. */
  readonly #highest = new Map<string, number>();

  constructor(options: RefusedRowsOptions) {
    this.#options = options;
  }

  /** Those whose letters a snapshot that is taken now would hold. */
  get told(): readonly RefusedRow[] {
    return this.#told;
  }

  /** After a restore: sets those aside again whose letters the snapshot does not hold. */
  async recover(tables: readonly WaitingTable[], told: readonly RefusedRow[]): Promise<void> {
    const { session, refusals } = this.#options;
    this.#told = told;
    for (const table of tables) {
      if (table.shapes === undefined) continue;
      for (let last = 0; ; ) {
        const { row } = await session.execute(nextRefusedSql(table, last));
        if (row === undefined) break;
        last = Number(row['millrace_part']);
        if (told.some(({ waiting, number }) => waiting === table.waiting && number === last)) continue;
        const batch = refusals.recall(table.shapes[Number(row['millrace_shape'])]!, noteOf(row));
        if (row['millrace_reason'] === null) refusals.park(batch, 0);
        else refusals.refuse(batch, 0, refused(table, row, textOf(row['millrace_reason'])));
        this.#told = [...this.#told, { waiting: table.waiting, number: last }];
      }
    }
  }

  /** In the open transaction: what a committed snapshot holds need not be kept any more. */
  async forget(told: readonly RefusedRow[]): Promise<void> {
    for (const { waiting, number } of told) await this.#options.session.execute(forgetSql(waiting, number));
  }

  /** The transaction is committed. */
  forgotten(told: readonly RefusedRow[]): void {
    const names = new Set(told.map(({ waiting, number }) => `${number} ${waiting}`));
    this.#told = this.#told.filter(({ waiting, number }) => !names.has(`${number} ${waiting}`));
  }

  /**
   * In the open transaction: puts what the target takes there, in order, and marks the others.
   * @returns how many rows behind these were marked as well
   */
  async move(table: WaitingTable, upTo: UpTo): Promise<number> {
    return this.#run(table, upTo, allBetween(upTo.generation, 1, upTo.part));
  }

  async #run(table: WaitingTable, upTo: UpTo, rows: Rows): Promise<number> {
    const refusal = await this.#attempt(table, rows);
    if (refusal === undefined) return 0;
    const halves = await this.#halves(table, rows);
    if (halves === undefined) return this.#single(table, upTo, rows, refusal);
    const first = await this.#run(table, upTo, halves[0]);
    return first + (await this.#run(table, upTo, halves[1]));
  }

  /** `undefined`: it is one row. */
  async #halves(table: WaitingTable, rows: Rows): Promise<readonly [Rows, Rows] | undefined> {
    const { generation, parts, places } = rows;
    const [from, to] = parts;
    if (from < to) {
      const middle = (from + to) >> 1;
      return [allBetween(generation, from, middle), allBetween(generation, middle + 1, to)];
    }
    const [first, last] = places ?? (await this.#placesOf(table, rows));
    if (first === last) return undefined;
    const middle = (first + last) >> 1;
    return [
      { generation, parts, places: [first, middle] },
      { generation, parts, places: [middle + 1, last] },
    ];
  }

  async #placesOf(table: WaitingTable, { generation, parts: [part] }: Rows): Promise<readonly [number, number]> {
    const { row } = await this.#options.session.execute(lastPlaceSql(table, generation, part));
    return [0, Number(row!['highest'])];
  }

  async #single(table: WaitingTable, upTo: UpTo, rows: Rows, refusal: Refusal): Promise<number> {
    const { session, refusals, pause } = this.#options;
    let said = refusal;
    for (let retry = 0; retry < refusals.retries; retry++) {
      await pause(retry);
      const again = await this.#attempt(table, rows);
      if (again === undefined) return 0;
      said = again;
    }
    const { row } = await session.execute(noteSql(table, rows));
    const at = { generation: rows.generation, part: rows.parts[0], place: Number(row!['millrace_place']) };
    const batch = refusals.recall(table.shapes![Number(row!['millrace_shape'])]!, noteOf(row!));
    refusals.refuse(batch, 0, refused(table, row!, said.message));
    const number = await this.#mark(table, at, said.message);
    return refusals.holdsAny ? this.#parkLater(table, upTo, at, number) : 0;
  }

  /** Later rows of the refused one's key, those of later parts too. @returns how many of later parts */
  async #parkLater(table: WaitingTable, upTo: UpTo, refusedAt: Place, number: number): Promise<number> {
    const { session, refusals } = this.#options;
    if (table.key.length === 0) return 0;
    let behind = 0;
    for (let at = refusedAt; ; ) {
      const { row } = await session.execute(laterOfKeySql(table, at, number));
      if (row === undefined) return behind;
      at = { ...at, part: Number(row['millrace_part']), place: Number(row['millrace_place']) };
      refusals.park(refusals.recall(table.shapes![Number(row['millrace_shape'])]!, noteOf(row)), 0);
      await this.#mark(table, at, undefined);
      if (at.part > upTo.part) behind += 1;
    }
  }

  async #mark(table: WaitingTable, at: Place, reason: string | undefined): Promise<number> {
    const { session } = this.#options;
    let highest = this.#highest.get(table.waiting);
    highest ??= Number((await session.execute(highestRefusedSql(table))).row!['highest'] ?? 0);
    const number = highest + 1;
    this.#highest.set(table.waiting, number);
    const encoded = reason === undefined ? undefined : Buffer.from(reason).toString('base64');
    await session.execute(markSql(table, at, number, encoded));
    this.#told = [...this.#told, { waiting: table.waiting, number }];
    return number;
  }

  async #attempt(table: WaitingTable, rows: Rows): Promise<Refusal | undefined> {
    const { session } = this.#options;
    await session.savepoint('moved');
    try {
      await session.execute(insertSql(table, rows));
      await session.checkConstraints();
      await session.release('moved');
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await session.rollbackTo('moved');
      return error;
    }
  }
}

/** Texts are kept in base64, which needs no quoting. */
const textOf = (value: unknown): string => Buffer.from(value as string, 'base64').toString();
const noteOf = (row: Readonly<Record<string, unknown>>): string => textOf(row['millrace_note']);

function refused(
  { target, keyNames = [] }: WaitingTable,
  row: Readonly<Record<string, unknown>>,
  message: string,
): MillraceError {
  const key = Object.fromEntries(keyNames.map((name) => [name, String(row[name])]));
  return new MillraceError(RowRefused, {
    message: `${target} refuses ${keyNames.length === 0 ? 'a row' : `the row ${JSON.stringify(key)}`}: ${message}`,
    mend: 'Repair the row or the table at the target, then replay the record.',
    details: { table: target, key },
  });
}
