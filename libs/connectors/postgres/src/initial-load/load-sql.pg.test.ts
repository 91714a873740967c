import { describe, expect, it } from '@jest/globals';
import { testPostgres } from '@millrace/testing';
import { readTableSchemas } from '../preflight/table-catalog.ts';
import { boundaryQuery } from './load-sql.ts';

describe('boundaryQuery', () => {
  it('finds the key so many rows further on, in the order of the key and from its index', async () => {
    await using database = await (await testPostgres()).createDatabase('plan');
    await database.query(`CREATE TABLE t (b text COLLATE "C", a bigint, PRIMARY KEY (a, b));
      INSERT INTO t SELECT chr(97 + i % 3), i / 3 FROM generate_series(0, 29999) i; ANALYZE t`);
    const session = await database.connect();
    const [table] = await readTableSchemas(session, [{ schema: 'public', table: 't' }]);
    const next = async (from: readonly string[] | undefined, rows: number): Promise<unknown> =>
      (await session.query({ text: boundaryQuery(table!, from, rows), rowMode: 'array' })).rows[0];
    expect(await next(undefined, 1_000)).toEqual(['333', 'b']);
    expect(await next(['333', 'b'], 1_000)).toEqual(['666', 'c']);
    expect(await next(['9999', 'b'], 1)).toEqual(['9999', 'c']);
    expect(await next(['9999', 'b'], 2)).toBeUndefined();
    const { rows } = await session.query(`EXPLAIN ${boundaryQuery(table!, ['333', 'b'], 1_000)}`);
    const plan = rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index (Only )?Scan/);
    expect(plan).not.toMatch(/Sort/);
    await session.end();
  });
});
