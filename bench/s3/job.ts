import type { S3Config } from '../../libs/connectors/s3/src/config.ts';

/** What one writer is to write. */
export interface WriteJob {
  readonly config: S3Config;
  /** DuckDB database with the rows. */
  readonly database: string;
  /** The same rows as tuples. */
  readonly tuples: string;
  readonly rows: number;
  readonly format: 'parquet' | 'ndjson';
  readonly compression: 'none' | 'zstd';
}

/** What it says when all of it is there. */
export interface Written {
  readonly seconds: number;
  /** As stored. */
  readonly bytes: number;
  /** Of the whole process, MiB. */
  readonly peakRss: number;
}

const KIB_PER_MIB = 1_024;

export function tell(seconds: number, bytes: number): void {
  const written: Written = {
    seconds,
    bytes,
    peakRss: Math.round(process.resourceUsage().maxRSS / KIB_PER_MIB),
  };
  console.log(JSON.stringify(written));
}
