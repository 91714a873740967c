import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import avsc from 'avsc';
import { readRows, runInPieces } from '../test-support/drive-source.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const ROWS = 12_000;
const EXPECTED = Array.from({ length: ROWS }, (_, id) => ({ id, note: id % 3 === 0 ? null : `n${id}` }));

it('reads Parquet of DuckDB, and goes on at the very row', async () => {
  const duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run(`copy (select i::int as id, if(i % 3 = 0, null, 'n' || i) as note, md5(i::varchar) as other
    from range(${ROWS}) r(i)) to '${join(directory, 'a.parquet')}' (format parquet, compression zstd, row_group_size 4096)`);
  duck.disconnectSync();
  const runs = await runInPieces(directory, { format: 'parquet' }, ROWS);
  expect(runs.length).toBeGreaterThan(2);
  expect(runs.flat().map((row) => ({ ...row }))).toEqual(EXPECTED);
  const path = join(directory, 'a.parquet');
  await writeFile(path, (await readFile(path)).subarray(0, 5_000));
  await expect(readRows(directory, { format: 'parquet' })).rejects.toMatchObject({
    code: { code: 'files.line_refused' },
    message: expect.stringContaining(`row 1 of ${path}: it is damaged`),
  });
});

it("reads Avro of Avro's own library, and goes on at the very row", async () => {
  const note = { name: 'note', type: ['null', 'string'] as ['null', 'string'] };
  const type = avsc.Type.forSchema({ type: 'record', name: 'r', fields: [{ name: 'id', type: 'int' }, note] });
  const encoder = new avsc.streams.BlockEncoder(type, { codec: 'deflate' });
  const pieces: Buffer[] = [];
  encoder.on('data', (piece: Buffer) => pieces.push(piece));
  for (const row of EXPECTED) encoder.write(row);
  encoder.end();
  await new Promise((resolve) => encoder.once('end', resolve));
  await writeFile(join(directory, 'a.avro'), Buffer.concat(pieces));
  const runs = await runInPieces(directory, { format: 'avro' }, ROWS);
  expect(runs.length).toBeGreaterThan(2);
  expect(runs.flat().map((row) => ({ ...row }))).toEqual(EXPECTED);
});
