import { createRequire } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import pg from 'pg';

type Method = (this: unknown, ...args: never[]) => unknown;

function watch(prototype: object, names: readonly string[], before: () => void): void {
  const methods = prototype as Record<string, Method>;
  for (const name of names) {
    const original = methods[name]!;
    methods[name] = function watched(...args) {
      before();
      return original.apply(this, args);
    };
  }
}

/** Calls `before` ahead of each statement that any driver sends from this process. */
export function watchStatements(before: () => void): void {
  watch(pg.Client.prototype, ['query'], before);
  watch(DatabaseSync.prototype, ['exec'], before);
  watch(StatementSync.prototype, ['run', 'get', 'all'], before);
  const mysql = createRequire(import.meta.url)('mysql2') as { Connection: { prototype: object } };
  watch(mysql.Connection.prototype, ['query'], before);
}
