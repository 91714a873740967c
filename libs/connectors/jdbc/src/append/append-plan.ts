import { createHash } from 'node:crypto';
import type { TableSchema } from '@millrace/formats';
import { type StageOptions, type TargetName, targetName } from '../config.ts';
import type { WriterIdentity } from '../dialect.ts';
import type { TargetCatalog, TargetColumn } from '../target/catalog.ts';
import { planTable } from '../target/plan-table.ts';
import type { PlanColumn, TablePlan } from '../upsert/table-plan.ts';

/** How one version of a source table's shape is appended to its target table. */
export interface AppendPlan extends TablePlan {
  /** The table where rows wait, as SQL, quoted. */
  readonly waiting: string;
  /** Columns of the waiting table as SQL: those of `WaitingRow.head`, then those of `columns`. */
  readonly waitingColumns: string;
  readonly hasChangeColumns: boolean;
  /** What a move needs to know of it. */
  readonly move: WaitingTable;
}

/** A target table and the table where its rows wait; plain data, kept in the writer's saved state. */
export interface WaitingTable {
  /** Both as SQL, quoted. */
  readonly target: string;
  readonly waiting: string;
  /** Columns that are moved, quoted. */
  readonly columns: readonly string[];
  /** Those of the source's key, quoted. */
  readonly key: readonly string[];
  /** The same as they are, for messages. */
  readonly keyNames?: readonly string[] | undefined;
  readonly overriding: string;
  /** Shapes of the source table that its rows' notes are of, by number. Absent: the rows have no notes. */
  readonly shapes?: readonly TableSchema[] | undefined;
}

/** A row on its way. `old`: its values are those before the change. */
export interface WaitingRow {
  readonly event: number;
  readonly old: boolean;
  /** Execution, part, place in the part; then shape and note, then kind and position of the change, where the plan has columns for them. */
  readonly head: readonly (number | string | null)[];
}

export const GENERATION = 'millrace generation';
export const PART = 'millrace part';
export const PLACE = 'millrace place';
export const SHAPE = 'millrace shape';
export const NOTE = 'millrace note';
/** Why the target refuses the row. */
export const REASON = 'millrace reason';
/** In place of the execution's number: the row was refused, and waits to be set aside. Its part is a number among these rows. */
export const REFUSED = -1;

const digest = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

/** Names of all waiting tables of a job's stage begin with it. */
export const waitingPrefix = ({ jobId, sink }: Pick<WriterIdentity, 'jobId' | 'sink'>): string =>
  `millrace_wait_${digest(`${jobId}\0${sink}`, 16)}_`;

/** @throws MillraceError as `planTable` */
export async function planAppend(
  catalog: TargetCatalog,
  source: TableSchema,
  stage: StageOptions,
  defaultTable: string,
  identity: WriterIdentity,
  isNoted: boolean,
): Promise<AppendPlan> {
  const plan = await planTable(catalog, source, stage, defaultTable);
  const target = targetName(stage.table ?? defaultTable, source);
  const column = { field: 0, kind: 'bigint', sqlType: 'bigint', key: false, nullable: false } as const;
  const number = await catalog.typeOf({ ...column, name: PART }, false);
  const text = await catalog.typeOf({ ...column, name: NOTE, kind: 'text', sqlType: 'text', nullable: true }, false);
  const places = [GENERATION, PART, PLACE].map((name) => ({ name, type: number }));
  const notes = isNoted
    ? [
        { name: SHAPE, type: number },
        { name: NOTE, type: text },
      ]
    : [];
  const changes = stage.changeColumns ? await changeColumns(catalog, target) : [];
  const all = [...places, ...notes, ...changes, ...plan.columns];
  const definitions = [
    ...[...all, ...(isNoted ? [{ name: REASON, type: text }] : [])].map(
      ({ name, type }) => `${catalog.quoteName(name)} ${type}`,
    ),
    // Finding one that is refused looks at smaller and smaller runs of rows.
    ...(isNoted ? [`primary key (${places.map(({ name }) => catalog.quoteName(name)).join(', ')})`] : []),
  ].join(', ');
  // A table for each shape of the target: one whose columns have changed since could refuse what the target takes.
  const name: TargetName = {
    schema: target.schema,
    table: `${waitingPrefix(identity)}${digest(`${plan.target}\0${definitions}`, 12)}`,
  };
  if ((await catalog.describe(name)) === undefined) await catalog.createOwn(name, definitions);
  const quoted = (columns: readonly { readonly name: string }[]): string[] =>
    columns.map(({ name: each }) => catalog.quoteName(each));
  const waiting = catalog.quoteTable(name);
  const key = plan.columns.filter((each) => isSourceKey(plan, each));
  return {
    ...plan,
    waiting,
    waitingColumns: quoted(all).join(', '),
    hasChangeColumns: changes.length > 0,
    move: {
      target: plan.target,
      waiting,
      columns: quoted([...changes, ...plan.columns]),
      key: quoted(key),
      keyNames: key.map(({ name: each }) => each),
      overriding: catalog.overriding,
      shapes: isNoted ? [plan.source] : undefined,
    },
  };
}

/** Is it part of the key at the source? Where the whole row is sent before a change, the plan calls every column a key. */
export const isSourceKey = ({ source }: TablePlan, { field }: PlanColumn): boolean =>
  source.columns.some((column) => column.key && column.field === field);

/** In the order of `WaitingRow.head`. */
const CHANGE_COLUMNS = ['_op', '_lsn', '_index'];

/** With the types they have in the target. */
async function changeColumns(catalog: TargetCatalog, name: TargetName): Promise<readonly TargetColumn[]> {
  const target = await catalog.describe(name);
  return CHANGE_COLUMNS.map((column) => target!.columns.find((known) => known.name === column)!);
}
