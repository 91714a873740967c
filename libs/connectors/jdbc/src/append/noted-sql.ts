import { GENERATION, NOTE, PART, PLACE, REASON, REFUSED, SHAPE, type WaitingTable } from './append-plan.ts';
import { inOrder, quoteLike } from './move-sql.ts';

/** A run of the rows of one execution. */
export interface Rows {
  readonly generation: number;
  /** Both inclusive. */
  readonly parts: readonly [from: number, to: number];
  /** Of the only part; absent: all. */
  readonly places?: readonly [from: number, to: number] | undefined;
}

interface Place {
  readonly generation: number;
  readonly part: number;
  readonly place: number;
}

/** All rows of these parts. */
export const allBetween = (generation: number, from: number, to: number): Rows => ({ generation, parts: [from, to] });

function where(table: Pick<WaitingTable, 'waiting'>, { generation, parts: [from, to], places }: Rows): string {
  const quoted = (name: string): string => quoteLike(table, name);
  const inParts = `${quoted(GENERATION)} = ${generation} and ${quoted(PART)} between ${from} and ${to}`;
  return places === undefined ? inParts : `${inParts} and ${quoted(PLACE)} between ${places[0]} and ${places[1]}`;
}

const at = (table: Pick<WaitingTable, 'waiting'>, { generation, part, place }: Place): string =>
  where(table, { generation, parts: [part, part], places: [place, place] });

/** What is read of a row; the key with its own names. */
const read = (table: WaitingTable): string =>
  [
    ...[PART, PLACE, SHAPE, NOTE, REASON].map((name) => `${quoteLike(table, name)} as ${name.replace(' ', '_')}`),
    ...table.key,
  ].join(', ');

export function insertSql(table: WaitingTable, rows: Rows): string {
  const columns = table.columns.join(', ');
  return `insert into ${table.target} (${columns}) ${table.overriding} select ${columns} from ${table.waiting} where ${where(table, rows)} ${inOrder(table)}`;
}

export const lastPlaceSql = (table: WaitingTable, generation: number, part: number): string =>
  `select max(${quoteLike(table, PLACE)}) as highest from ${table.waiting} where ${where(table, allBetween(generation, part, part))}`;

export const noteSql = (table: WaitingTable, rows: Rows): string =>
  `select ${read(table)} from ${table.waiting} where ${where(table, rows)} limit 1`;

/** The first row behind a place whose key is that of a refused row. */
export function laterOfKeySql(table: WaitingTable, { generation, part, place }: Place, number: number): string {
  const quoted = (name: string): string => quoteLike(table, name);
  const refused = at(table, { generation: REFUSED, part: number, place: 0 });
  const sameKey = table.key.map((column) => `${column} = (select ${column} from ${table.waiting} where ${refused})`);
  const behind = `(${quoted(PART)} > ${part} or ${quoted(PART)} = ${part} and ${quoted(PLACE)} > ${place})`;
  return `select ${read(table)} from ${table.waiting} where ${quoted(GENERATION)} = ${generation} and ${behind} and ${sameKey.join(' and ')} ${inOrder(table)} limit 1`;
}

/** @param reason needs no quoting */
export function markSql(table: WaitingTable, place: Place, number: number, reason: string | undefined): string {
  const set = Object.entries({ [GENERATION]: REFUSED, [PART]: number, [PLACE]: 0 }).map(
    ([name, value]) => `${quoteLike(table, name)} = ${value}`,
  );
  const said = `${quoteLike(table, REASON)} = ${reason === undefined ? 'null' : `'${reason}'`}`;
  return `update ${table.waiting} set ${[...set, said].join(', ')} where ${at(table, place)}`;
}

const isRefused = (table: WaitingTable): string => `${quoteLike(table, GENERATION)} = ${REFUSED}`;

export const highestRefusedSql = (table: WaitingTable): string =>
  `select max(${quoteLike(table, PART)}) as highest from ${table.waiting} where ${isRefused(table)}`;

export const nextRefusedSql = (table: WaitingTable, last: number): string =>
  `select ${read(table)} from ${table.waiting} where ${isRefused(table)} and ${quoteLike(table, PART)} > ${last} ${inOrder(table)} limit 1`;

export const forgetSql = (waiting: string, number: number): string =>
  `delete from ${waiting} where ${at({ waiting }, { generation: REFUSED, part: number, place: 0 })}`;
