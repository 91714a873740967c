import { Action } from '../../upsert/steps.ts';
import type { PlanColumn, TablePlan } from '../../upsert/table-plan.ts';
import { quoteName } from './quote.ts';

const ACTION_COLUMN = quoteName('millrace action');
/** Marks the line with the old key of a row that moves. */
export const OLD_KEY = -1;

/** The statements for one plan: rows come into a staging table by COPY and go on to the target from there. */
export class MergeSql {
  readonly stage: string;
  /** Staging columns get the target's types, so a value is refused where COPY reads it; constraints stay behind. */
  readonly createStage: string;
  readonly truncateStage: string;
  readonly copy: string;
  readonly delete: string;
  readonly upsert: string;
  /** Empties the target, or marks all rows where deleted rows stay; `undefined`: by TRUNCATE, with others in one statement. */
  readonly clear: string | undefined;
  readonly #plan: TablePlan;
  readonly #partials = new Map<string, string>();

  constructor(plan: TablePlan, stageName: string) {
    const { target, columns, key } = plan;
    const names = columns.map((column) => quoteName(column.name));
    const list = names.join(', ');
    const stage = `pg_temp.${quoteName(stageName)}`;
    this.#plan = plan;
    this.stage = stage;
    this.createStage = `create temp table ${quoteName(stageName)} on commit delete rows as select 0::smallint as ${ACTION_COLUMN}, ${list} from ${target} with no data`;
    this.truncateStage = `truncate ${stage}`;
    this.copy = `copy ${stage} (${ACTION_COLUMN}, ${list}) from stdin`;
    const isDeleted = `s.${ACTION_COLUMN} = ${Action.Delete} and ${sameKey(key, 't', 's')}`;
    const marker = plan.marker === undefined ? undefined : quoteName(plan.marker);
    this.delete =
      marker === undefined
        ? `delete from ${target} t using ${stage} s where ${isDeleted}`
        : `update ${target} t set ${marker} = true from ${stage} s where ${isDeleted}`;
    this.clear = marker === undefined ? undefined : `update ${target} set ${marker} = true where ${marker} is not true`;
    const rest = columns.filter((column) => !column.key).map(({ name }) => quoteName(name));
    const [into, from] = marker === undefined ? [list, list] : [`${list}, ${marker}`, `${list}, false`];
    const update = [...rest, ...(marker === undefined ? [] : [marker])]
      .map((name) => `${name} = excluded.${name}`)
      .join(', ');
    const conflict = plan.keepsRows || update === '' ? 'nothing' : `update set ${update}`;
    // Identity columns "generated always" take the source's value, too.
    this.upsert = `insert into ${target} (${into}) overriding system value select ${from} from ${stage} where ${ACTION_COLUMN} = ${Action.Upsert} on conflict (${key.map(({ name }) => quoteName(name)).join(', ')}) do ${conflict}`;
  }

  /**
   * Clears the new key if there is an old row, then turns the old row into the new one; where deleted rows stay: copies it and marks
   * it. The second statement says how many rows it found.
   */
  move(unknown: readonly number[]): readonly string[] {
    const { target, key, marker, columns } = this.#plan;
    const { stage } = this;
    const pair = `o.${ACTION_COLUMN} = ${OLD_KEY} and n.${ACTION_COLUMN} >= 0`;
    const clear = `delete from ${target} t using ${stage} o, ${stage} n where ${pair} and ${sameKey(key, 't', 'n')} and exists (select from ${target} was where ${sameKey(key, 'was', 'o')})`;
    const isOld = `${pair} and ${sameKey(key, 't', 'o')}`;
    if (marker === undefined) {
      return [
        clear,
        `update ${target} t set ${this.#set(unknown, 'n', true)} from ${stage} o, ${stage} n where ${isOld}`,
      ];
    }
    const names = columns.map(({ name }) => quoteName(name));
    const values = names.map((name, index) => `${unknown.includes(index) ? 't' : 'n'}.${name}`);
    const isMarked = quoteName(marker);
    return [
      clear,
      `insert into ${target} (${names.join(', ')}, ${isMarked}) overriding system value select ${values.join(', ')}, false from ${target} t, ${stage} o, ${stage} n where ${isOld}`,
      `update ${target} t set ${isMarked} = true from ${stage} o where o.${ACTION_COLUMN} = ${OLD_KEY} and ${sameKey(key, 't', 'o')}`,
    ];
  }

  /** Updates the rows with this action, leaving the unknown columns alone. The command counts the rows it found. */
  partial(action: number, unknown: readonly number[]): string {
    const cached = `${action} ${unknown.join()}`;
    let sql = this.#partials.get(cached);
    if (sql === undefined) {
      const { target, key } = this.#plan;
      const { stage } = this;
      const where = `s.${ACTION_COLUMN} = ${action} and ${sameKey(key, 't', 's')}`;
      const set = this.#set(unknown, 's', false);
      sql =
        set === ''
          ? `select from ${target} t, ${stage} s where ${where}`
          : `update ${target} t set ${set} from ${stage} s where ${where}`;
      this.#partials.set(cached, sql);
    }
    return sql;
  }

  #set(unknown: readonly number[], from: string, withKey: boolean): string {
    const { columns, marker } = this.#plan;
    const sets = columns
      .filter((column, index) => (withKey || !column.key) && !unknown.includes(index))
      .map(({ name }) => `${quoteName(name)} = ${from}.${quoteName(name)}`);
    if (marker !== undefined) sets.push(`${quoteName(marker)} = false`);
    return sets.join(', ');
  }
}

const sameKey = (key: readonly PlanColumn[], a: string, b: string): string =>
  key.map(({ name }) => `${a}.${quoteName(name)} = ${b}.${quoteName(name)}`).join(' and ');
