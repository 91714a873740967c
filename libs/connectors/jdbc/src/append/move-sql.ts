import { GENERATION, PART, PLACE, REFUSED, type WaitingTable } from './append-plan.ts';

/** Rows of one execution up to a part. */
export interface UpTo {
  readonly generation: number;
  readonly part: number;
}

/** The quote of the dialect is that of the table. */
export const quoteLike = (table: Pick<WaitingTable, 'waiting'>, name: string): string => {
  const quote = table.waiting.at(-1)!;
  return `${quote}${name}${quote}`;
};

const covered = (table: WaitingTable, { generation, part }: UpTo): string =>
  `${quoteLike(table, GENERATION)} = ${generation} and ${quoteLike(table, PART)} <= ${part}`;

export const countSql = (table: WaitingTable, upTo: UpTo): string =>
  `select count(*) as count from ${table.waiting} where ${covered(table, upTo)}`;

export const inOrder = (table: WaitingTable): string =>
  `order by ${quoteLike(table, PART)}, ${quoteLike(table, PLACE)}`;

/** In the order in which they came. `countMax`: only so many of the first. */
export function moveSql(table: WaitingTable, upTo: UpTo, countMax?: number): readonly [insert: string, remove: string] {
  const columns = table.columns.join(', ');
  const limit = countMax === undefined ? '' : ` limit ${countMax}`;
  return [
    `insert into ${table.target} (${columns}) ${table.overriding} select ${columns} from ${table.waiting} where ${covered(table, upTo)} ${inOrder(table)}${limit}`,
    `delete from ${table.waiting} where ${covered(table, upTo)}`,
  ];
}

/** The key of the row at a place in that order. */
export const keySql = (table: WaitingTable, upTo: UpTo, place: number): string =>
  `select ${table.key.join(', ') || 1} from ${table.waiting} where ${covered(table, upTo)} ${inOrder(table)} limit 1 offset ${place}`;

/** What older executions left and no snapshot covers; rows they refused only when all starts `afresh`. */
export const cleanSql = (table: WaitingTable, generation: number, isAfresh: boolean): string =>
  `delete from ${table.waiting} where ${quoteLike(table, GENERATION)} < ${generation}${isAfresh ? '' : ` and ${quoteLike(table, GENERATION)} <> ${REFUSED}`}`;
