/** A generated schema with foreign keys of all kinds, and transactions over it. */
export const TABLES = 30;
const FIRST_PARENT_DISTANCE = 5;

type Random = () => number;

/** What is checked at the end of a transaction at the source has no counterpart at MySQL; there it is left out. */
interface Reference {
  readonly column: string;
  readonly parent: number;
  readonly rule: string;
  readonly isDeferred: boolean;
}

const DEFERRED = 'deferrable initially deferred';
const TREE_RULES = ['', 'on delete cascade on update cascade', DEFERRED, 'on delete set null'] as const;
const FAR_RULES = [`on delete cascade ${DEFERRED}`, 'on delete set null', ''] as const;
const SELF_RULES = ['on delete set null', `on delete cascade ${DEFERRED}`] as const;

const reference = (column: string, parent: number, rule: string): Reference => ({
  column,
  parent,
  rule,
  isDeferred: rule.includes('deferred'),
});

export function referencesOf(table: number): readonly Reference[] {
  const found: Reference[] = [reference('self', table, SELF_RULES[table % SELF_RULES.length]!)];
  if (table > 0) found.push(reference('tree', (table - 1) >> 1, TREE_RULES[table % TREE_RULES.length]!));
  if (table >= FIRST_PARENT_DISTANCE)
    found.push(reference('far', table - FIRST_PARENT_DISTANCE, FAR_RULES[table % FAR_RULES.length]!));
  return found;
}

/** Statements that create the tables. */
export function schemaSql(dialect: 'postgres' | 'mysql'): readonly string[] {
  return Array.from({ length: TABLES }, (_, table) => {
    const keys = referencesOf(table)
      .filter(({ isDeferred }) => dialect === 'postgres' || !isDeferred)
      .map(({ column, parent, rule }) => `, foreign key (${column}) references t${parent} (id) ${rule}`);
    const text = dialect === 'mysql' ? 'longtext character set utf8mb4' : 'text';
    return `create table t${table} (id integer primary key, tree integer, far integer, self integer, n integer not null, note ${text}${keys.join('')})`;
  });
}

/** Statements of one transaction; some fail at the source, which then has none of it. */
export function transactionSql(random: Random, nextId: () => number): readonly string[] {
  const pick = (count: number): number => Math.floor(random() * count);
  const some = (table: number): string => `(select id from t${table} order by md5(id::text || '${pick(1e9)}') limit 1)`;
  const insert = (table: number, id: number, tree?: number): string => {
    const columns = referencesOf(table).map(({ column, parent }) =>
      column === 'tree' && tree !== undefined ? String(tree) : pick(3) === 0 ? 'null' : some(parent),
    );
    const names = referencesOf(table).map(({ column }) => column);
    // Some are so long that an update elsewhere in the row does not send them.
    const note =
      pick(4) === 0
        ? `(select string_agg(md5((${id} * 100 + g)::text), '') from generate_series(1, 200) g)`
        : `'note ${id}'`;
    return `insert into t${table} (id, ${names.join(', ')}, n, note) values (${id}, ${columns.join(', ')}, 0, ${note})`;
  };
  const one = (): readonly string[] => {
    const table = pick(TABLES);
    const refs = referencesOf(table);
    const { column, parent } = refs[pick(refs.length)]!;
    switch (pick(10)) {
      case 0:
      case 1:
      case 2:
        return [insert(table, nextId())];
      case 3: {
        // The child first, where the source allows it.
        const tree = refs.find((each) => each.column === 'tree' && each.isDeferred);
        if (tree === undefined) return [insert(table, nextId())];
        const above = nextId();
        return [insert(table, nextId(), above), insert(tree.parent, above)];
      }
      case 4:
      case 5:
        return [`update t${table} set ${column} = ${some(parent)} where id = ${some(table)}`];
      case 6:
        return [`update t${table} set n = n + 1 where id % 3 = ${pick(3)}`];
      case 7:
        return [`update t${table} set id = ${nextId()} where id = ${some(table)}`];
      default:
        return [`delete from t${table} where id = ${some(table)}`];
    }
  };
  return Array.from({ length: 1 + pick(8) }, one).flat();
}
