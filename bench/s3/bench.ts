import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VersityServer } from '@millrace/testing';
import { TestBucket } from '../../libs/connectors/s3/src/test-support/test-bucket.ts';
import type { BenchOptions } from '../harness/options.ts';
import { alternate, median, printResult } from '../harness/result.ts';
import type { WriteJob, Written } from './job.ts';
import { createOrderRows, ROWS_PER_BATCH } from './order-rows.ts';

const ROWS = 5_000_000;
const CASES = [
  ['parquet', 'zstd'],
  ['ndjson', 'none'],
] as const;

/** The S3 sink alone, exactly once, against DuckDB's COPY of the same rows to the same server. */
export async function run({ scale, rounds }: BenchOptions): Promise<void> {
  const rows = Math.round((ROWS * scale) / ROWS_PER_BATCH) * ROWS_PER_BATCH;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const [database, tuples] = [join(folder, 'rows.duckdb'), join(folder, 'rows.tuples')];
  await createOrderRows(database, tuples);
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = { rows };
  for (const [format, compression] of CASES) {
    const runs: Record<'ours' | 'duckdb', Written[]> = { ours: [], duckdb: [] };
    const write = async (who: 'ours' | 'duckdb'): Promise<number> => {
      // A server of its own for each run: what the one before has written goes with it.
      await using server = await VersityServer.start();
      using bucket = await TestBucket.create(server.url);
      const job: WriteJob = { config: bucket.config, database, tuples, rows, format, compression };
      const program = fileURLToPath(new URL(`./write-${who}.ts`, import.meta.url));
      const written = JSON.parse(
        execFileSync(process.execPath, [...process.execArgv, program, JSON.stringify(job)], { encoding: 'utf8' }),
      ) as Written;
      runs[who].push(written);
      return rows / written.seconds;
    };
    const result = await alternate(
      format,
      rounds,
      () => write('ours'),
      () => write('duckdb'),
    );
    ratios[format] = result.ratio;
    const of = (who: 'ours' | 'duckdb', rowsPerSecond: number) => {
      const bytes = median(runs[who].map((written) => written.bytes));
      return {
        rowsPerSecond,
        megabytesPerSecond: Math.round((bytes * rowsPerSecond) / rows / 1_000_000),
        megabytes: Math.round(bytes / 1_000_000),
        peakRssMiB: Math.max(...runs[who].map(({ peakRss }) => peakRss)),
      };
    };
    figures[format] = { ours: of('ours', result.ours), duckdb: of('duckdb', result.yardstick) };
  }
  rmSync(folder, { recursive: true, force: true });
  printResult({ bench: 's3', ratios, figures }, { duckdb: '1.5.6', versitygw: '1.8.0' });
}
