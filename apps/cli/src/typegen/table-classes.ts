/** What `GET /sources/{id}/columns` tells of a table. */
export interface TableColumns {
  readonly table: string;
  readonly columns: readonly {
    readonly name: string;
    readonly kind: string;
    readonly isKey: boolean;
    readonly isNullable: boolean;
  }[];
}

/** As the SDK reads values. */
const TYPE_OF: Readonly<Record<string, string>> = {
  integer: 'number',
  float: 'number',
  bigint: 'bigint',
  boolean: 'boolean',
  json: 'unknown',
};
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** `public.order_lines` → `OrderLines`; one in another schema carries its name, so that two do not meet. */
export function className(table: string): string {
  const dot = table.indexOf('.');
  const [schema, name] = [table.slice(0, dot), table.slice(dot + 1)];
  const words = (schema === 'public' ? name : `${schema} ${name}`).split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `Table${joined}`;
}

/** TypeScript with a class for each table, for `@OnChange` and `Change`. */
export function tableClasses(source: string, tables: readonly TableColumns[]): string {
  const names = new Map<string, number>();
  const classes = tables.map(({ table, columns }) => {
    const base = className(table);
    const count = (names.get(base) ?? 0) + 1;
    names.set(base, count);
    const fields = columns.map(({ name, kind, isNullable, isKey }) => {
      const field = IDENTIFIER.test(name) ? name : JSON.stringify(name);
      return `  declare readonly ${field}: ${TYPE_OF[kind] ?? 'string'}${isNullable && !isKey ? ' | null' : ''};`;
    });
    const head = [
      `  static readonly source = ${JSON.stringify(source)};`,
      `  static readonly table = ${JSON.stringify(table)};`,
    ];
    return [`export class ${count === 1 ? base : `${base}${count}`} {`, ...head, ...fields, '}', ''].join('\n');
  });
  return [`/** Made by millrace typegen --source ${source}: make it again when tables change. */`, '', ...classes].join(
    '\n',
  );
}
