import { GENERATION, PART, PLACE, type WaitingTable } from './append-plan.ts';

/** Rows of one execution up to a part. */
export interface UpTo {
  readonly generation: number;
  readonly part: number;
}

/** The quote of the dialect is that of the table's first column. */
const quoteLike = (table: WaitingTable, name: string): string => {
  const quote = table.waiting.at(-1)!;
  return `${quote}${name}${quote}`;
};

const covered = (table: WaitingTable, { generation, part }: UpTo): string =>
  `${quoteLike(table, GENERATION)} = ${generation} and ${quoteLike(table, PART)} <= ${part}`;

export const countSql = (table: WaitingTable, upTo: UpTo): string =>
  `select count(*) as count from ${table.waiting} where ${covered(table, upTo)}`;

/** In the order in which they came. */
export function moveSql(table: WaitingTable, upTo: UpTo): readonly [insert: string, remove: string] {
  const columns = table.columns.join(', ');
  const order = `${quoteLike(table, PART)}, ${quoteLike(table, PLACE)}`;
  return [
    `insert into ${table.target} (${columns}) ${table.overriding} select ${columns} from ${table.waiting} where ${covered(table, upTo)} order by ${order}`,
    `delete from ${table.waiting} where ${covered(table, upTo)}`,
  ];
}

/** What older executions left and no snapshot covers. */
export const cleanSql = (table: WaitingTable, generation: number): string =>
  `delete from ${table.waiting} where ${quoteLike(table, GENERATION)} < ${generation}`;
