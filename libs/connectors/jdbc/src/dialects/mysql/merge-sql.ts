import { Action } from '../../upsert/steps.ts';
import type { PlanColumn, TablePlan } from '../../upsert/table-plan.ts';
import { baseType, isText } from './column-types.ts';
import { type Literal, literalOf, rowSql } from './literals.ts';
import { quoteName } from './quote.ts';

const ACTION_COLUMN = quoteName('millrace action');

/**
 * The statements for one plan. Rows come into a temporary table and go on from there: `on duplicate key update` would also take a row
 * that is equal in some other unique index for the same one, and change it.
 */
export class MergeSql {
  /** Nullable columns with the target's types; constraints stay behind. */
  readonly createStage: string;
  readonly emptyStage: string;
  /** Followed by rows as `rowSql` writes them. */
  readonly fill: string;
  readonly delete: string;
  /** An update of the rows that are there (unless these stay as they are), an insert of the others. */
  readonly upsert: readonly string[];
  readonly clear: string;
  readonly #plan: TablePlan;
  readonly #stage: string;
  readonly #literals: readonly Literal[];

  constructor(plan: TablePlan, stageName: string) {
    const { target, columns, key } = plan;
    const stage = quoteName(stageName);
    const names = columns.map(({ name }) => quoteName(name));
    const list = names.join(', ');
    this.#plan = plan;
    this.#stage = stage;
    this.#literals = columns.map(literalOf);
    const definitions = columns.map(({ name, type }) => `${quoteName(name)} ${type} null`);
    this.createStage = `create temporary table ${stage} (${ACTION_COLUMN} smallint not null, ${definitions.join(', ')}) engine=InnoDB`;
    this.emptyStage = `delete from ${stage}`;
    this.fill = `insert into ${stage} (${ACTION_COLUMN}, ${list}) values `;
    const marker = plan.marker === undefined ? undefined : quoteName(plan.marker);
    const join = (action: number): string =>
      `${target} t join ${stage} s on s.${ACTION_COLUMN} = ${action} and ${sameKey(key, 't', 's')}`;
    this.delete =
      marker === undefined
        ? `delete t from ${join(Action.Delete)}`
        : `update ${join(Action.Delete)} set t.${marker} = true`;
    this.clear = marker === undefined ? `delete from ${target}` : `update ${target} set ${marker} = true`;
    const set = this.#set([]);
    const [into, from] = marker === undefined ? [list, names] : [`${list}, ${marker}`, [...names, 'false']];
    const selected = from.map((name) => (name === 'false' ? name : `s.${name}`)).join(', ');
    const insert = `insert into ${target} (${into}) select ${selected} from ${stage} s left join ${target} t on ${sameKey(key, 't', 's')} where s.${ACTION_COLUMN} = ${Action.Upsert} and t.${quoteName(key[0]!.name)} is null`;
    this.upsert = plan.keepsRows || set === '' ? [insert] : [`update ${join(Action.Upsert)} set ${set}`, insert];
  }

  /** A row of constants: the action, then the plan's columns. @throws Refusal */
  rowSql(action: number, texts: readonly (string | null)[]): string {
    return rowSql([String(action)], texts, this.#literals);
  }

  /** Updates the rows with this action, leaving the unknown columns alone. The server counts the rows it found. */
  partial(action: number, unknown: readonly number[]): string {
    const { target, key } = this.#plan;
    const first = quoteName(key[0]!.name);
    const on = `s.${ACTION_COLUMN} = ${action} and ${sameKey(key, 't', 's')}`;
    return `update ${target} t join ${this.#stage} s on ${on} set ${this.#set(unknown) || `t.${first} = t.${first}`}`;
  }

  /** `where` for one key given as constants. */
  whereKey(texts: readonly (string | null)[]): string {
    const { columns } = this.#plan;
    return columns
      .flatMap((column, index) => {
        if (!column.key) return [];
        const name = quoteName(column.name);
        const constant = this.#literals[index]!(texts[index]!);
        return isCollated(column)
          ? [`${name} = ${constant}`, `${exactly(name)} = ${exactly(constant)}`]
          : [`${name} = ${constant}`];
      })
      .join(' and ');
  }

  /** Assignments of a row given as constants, with its key, leaving the unknown columns alone. */
  assignments(texts: readonly (string | null)[], unknown: readonly number[]): string {
    const { columns, marker } = this.#plan;
    const sets = columns.flatMap((column, index) =>
      unknown.includes(index) ? [] : [`${quoteName(column.name)} = ${this.#constant(texts, index)}`],
    );
    if (marker !== undefined) sets.push(`${quoteName(marker)} = false`);
    return sets.join(', ');
  }

  /** Copies the row with the old key, with these values and key. */
  copy(old: readonly (string | null)[], texts: readonly (string | null)[], unknown: readonly number[]): string {
    const { target, columns, marker } = this.#plan;
    const names = columns.map(({ name }) => quoteName(name));
    const values = names.map((name, index) => (unknown.includes(index) ? name : this.#constant(texts, index)));
    const [into, from] = marker === undefined ? ['', ''] : [`, ${quoteName(marker)}`, ', false'];
    return `insert into ${target} (${names.join(', ')}${into}) select ${values.join(', ')}${from} from ${target} where ${this.whereKey(old)}`;
  }

  #constant(texts: readonly (string | null)[], index: number): string {
    const text = texts[index]!;
    return text === null ? 'null' : this.#literals[index]!(text);
  }

  #set(unknown: readonly number[]): string {
    const { columns, marker } = this.#plan;
    const sets = columns
      .filter((column, index) => !column.key && !unknown.includes(index))
      .map(({ name }) => `t.${quoteName(name)} = s.${quoteName(name)}`);
    if (marker !== undefined) sets.push(`t.${quoteName(marker)} = false`);
    return sets.join(', ');
  }
}

const isCollated = ({ type }: PlanColumn): boolean => isText(type) || baseType(type) === 'char';
const exactly = (sql: string): string => `cast(convert(${sql} using utf8mb4) as binary)`;

/** Whatever the collation says: keys are the same when their bytes are. The first comparison is for the index. */
const sameKey = (key: readonly PlanColumn[], a: string, b: string): string =>
  key
    .flatMap((column) => {
      const [left, right] = [`${a}.${quoteName(column.name)}`, `${b}.${quoteName(column.name)}`];
      return isCollated(column)
        ? [`${left} = ${right}`, `${exactly(left)} = ${exactly(right)}`]
        : [`${left} = ${right}`];
    })
    .join(' and ');
