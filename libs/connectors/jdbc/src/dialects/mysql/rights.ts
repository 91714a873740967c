import type { Connection, RowDataPacket } from 'mysql2/promise';

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALTER', 'CREATE', 'CREATE TEMPORARY TABLES'] as const;

export interface GrantedRights {
  /** As GRANT writes it: `'loader'@'%'`. */
  readonly user: string;
  /** Of the rights a sink may need. Empty for a user with roles, whose rights are not all to be seen. */
  readonly missing: ReadonlySet<string>;
}

/** Rights of the connection's user on a database, or on a table of it. */
export async function grantedRights(connection: Connection, database: string, table?: string): Promise<GrantedRights> {
  const [[who]] = await connection.query<RowDataPacket[]>('select current_user() as account, current_role() as role');
  const account = String(who!['account']);
  const at = account.lastIndexOf('@');
  const user = `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
  const role = who!['role'] as string | null;
  if (role !== null && role !== 'NONE') return { user, missing: new Set() };
  // A database in a grant is a pattern: `shop\_%`.
  const [rows] = await connection.query<RowDataPacket[]>(
    `select privilege_type as name from information_schema.user_privileges where grantee = ?
     union select privilege_type from information_schema.schema_privileges where grantee = ? and ? like table_schema
     union select privilege_type from information_schema.table_privileges where grantee = ? and table_schema = ? and table_name = ?`,
    [user, user, database, user, database, table ?? ''],
  );
  const granted = new Set(rows.map((row) => String(row['name'])));
  return { user, missing: new Set(RIGHTS.filter((right) => !granted.has(right))) };
}
