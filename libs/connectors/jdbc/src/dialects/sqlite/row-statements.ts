import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PlanColumn, TablePlan } from '../../upsert/table-plan.ts';
import { quoteName } from './quote.ts';
import { type SqliteValue, sqliteValue } from './values.ts';

/** Prepared statements for the rows of one plan. */
export class RowStatements {
  readonly clear: StatementSync;
  readonly #database: DatabaseSync;
  readonly #plan: TablePlan;
  readonly #values: readonly ((text: string) => SqliteValue)[];
  readonly #marker: string | undefined;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #exists: StatementSync;
  readonly #updates = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, plan: TablePlan) {
    const { target, columns, key } = plan;
    this.#database = database;
    this.#plan = plan;
    this.#values = columns.map(sqliteValue);
    const marker = plan.marker === undefined ? undefined : quoteName(plan.marker);
    this.#marker = marker;
    const names = columns.map(({ name }) => quoteName(name));
    const [into, extra] = marker === undefined ? [names, ''] : [[...names, marker], ', 0'];
    const set = into
      .filter((_, index) => columns[index]?.key !== true)
      .map((name) => `${name} = excluded.${name}`)
      .join(', ');
    const conflict = plan.keepsRows || set === '' ? 'nothing' : `update set ${set}`;
    this.#upsert = database.prepare(
      `insert into ${target} (${into.join(', ')}) values (${names.map(() => '?').join(', ')}${extra}) on conflict (${key.map(({ name }) => quoteName(name)).join(', ')}) do ${conflict}`,
    );
    const where = sameKey(key);
    this.#delete = database.prepare(
      marker === undefined
        ? `delete from ${target} where ${where}`
        : `update ${target} set ${marker} = 1 where ${where}`,
    );
    this.clear = database.prepare(
      marker === undefined ? `delete from ${target}` : `update ${target} set ${marker} = 1`,
    );
    this.#exists = database.prepare(`select 1 from ${target} where ${where}`);
  }

  upsert(texts: readonly (string | null)[]): void {
    this.#upsert.run(...this.#bind(texts));
  }

  /** By its key. */
  delete(texts: readonly (string | null)[]): void {
    this.#delete.run(...this.#key(texts));
  }

  /** Writes all but the key and the unknown columns. `false`: there is no such row. */
  update(texts: readonly (string | null)[], unknown: readonly number[]): boolean {
    const indexes = this.#indexes(unknown, false);
    const name = `update ${indexes.join()}`;
    const set = this.#set(indexes);
    const key = this.#plan.key[0]!;
    const sql = `update ${this.#plan.target} set ${set || `${quoteName(key.name)} = ${quoteName(key.name)}`} where ${sameKey(this.#plan.key)}`;
    const bound = this.#bind(texts);
    const { changes } = this.#cached(name, sql).run(...indexes.map((index) => bound[index]!), ...this.#key(texts));
    return changes > 0;
  }

  /**
   * Turns the row with the old key into the new one, or copies and marks it where deleted rows stay. `false`: there is no such
   * row.
   */
  move(old: readonly (string | null)[], texts: readonly (string | null)[], unknown: readonly number[]): boolean {
    const oldKey = this.#key(old);
    if (this.#exists.get(...oldKey) === undefined) return false;
    const { target, key, columns } = this.#plan;
    this.#database.prepare(`delete from ${target} where ${sameKey(key)}`).run(...this.#key(texts));
    const indexes = this.#indexes(unknown, true);
    const bound = this.#bind(texts);
    const values = indexes.map((index) => bound[index]!);
    if (this.#marker === undefined) {
      const sql = `update ${target} set ${this.#set(indexes)} where ${sameKey(key)}`;
      this.#cached(`move ${indexes.join()}`, sql).run(...values, ...oldKey);
      return true;
    }
    const names = columns.map(({ name }) => quoteName(name));
    const selected = names.map((name, index) => (unknown.includes(index) ? name : '?'));
    const sql = `insert into ${target} (${names.join(', ')}, ${this.#marker}) select ${selected.join(', ')}, 0 from ${target} where ${sameKey(key)}`;
    this.#cached(`copy ${indexes.join()}`, sql).run(...values, ...oldKey);
    this.#delete.run(...oldKey);
    return true;
  }

  #indexes(unknown: readonly number[], withKey: boolean): number[] {
    return this.#plan.columns.flatMap((column, index) =>
      (column.key && !withKey) || unknown.includes(index) ? [] : [index],
    );
  }

  #set(indexes: readonly number[]): string {
    const sets = indexes.map((index) => `${quoteName(this.#plan.columns[index]!.name)} = ?`);
    if (this.#marker !== undefined) sets.push(`${this.#marker} = 0`);
    return sets.join(', ');
  }

  #cached(name: string, sql: string): StatementSync {
    let statement = this.#updates.get(name);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#updates.set(name, statement);
    }
    return statement;
  }

  #bind(texts: readonly (string | null)[]): SqliteValue[] {
    return texts.map((text, index) => (text === null ? null : this.#values[index]!(text)));
  }

  #key(texts: readonly (string | null)[]): SqliteValue[] {
    return this.#plan.columns.flatMap((column, index) => {
      const text = texts[index]!;
      return column.key ? [text === null ? null : this.#values[index]!(text)] : [];
    });
  }
}

/** Whatever the columns' collations say: keys are the same when their bytes are. */
const sameKey = (key: readonly PlanColumn[]): string =>
  key.map(({ name }) => `${quoteName(name)} = ? collate binary`).join(' and ');
