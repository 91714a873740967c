import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runPipeline } from '@millrace/pipeline';
import { testPostgres } from '@millrace/testing';

const ORDERS = 5_000;

it('gives every order the name of its customer, in order, and asks for each customer once', async () => {
  await using database = await (await testPostgres()).createDatabase('customers');
  await database.query(`
    create table customers (id int primary key, name text);
    insert into customers select n, 'name ' || n from generate_series(0, 89) n;
  `);
  const folder = mkdtempSync(join(tmpdir(), 'orders-'));
  const file = join(folder, 'orders.ndjson');
  const options = { file, orders: ORDERS, connectionString: database.url };
  await runPipeline({ module: new URL('./pipeline.ts', import.meta.url).href, options });
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  rmSync(folder, { recursive: true });
  expect(rows).toEqual(
    Array.from({ length: ORDERS }, (_, id) => ({
      id,
      name: id % 100 < 90 ? `name ${id % 100}` : `customer ${id % 100}`,
    })),
  );
}, 120_000);
