import type { ErrorCode } from '@millrace/kernel';
import type { Compression } from './lines/compressor.ts';
import { linesFormat } from './lines/lines-content.ts';
import type { ContentFormat } from './object-content.ts';

/** What files or objects are made of: options of a stage, and what its connector has for them. */
export interface ContentStage {
  readonly format: 'ndjson' | 'debezium-json' | 'csv' | 'parquet' | 'avro';
  /** Of the whole; of the pages of parquet and the blocks of avro. */
  readonly compression: Compression;
  /** Members or columns `__op`, `__table`, … before those of the row. */
  readonly metadata: boolean;
  /** Of debezium-json. */
  readonly json: 'string' | 'inline';
  readonly database: string;
}

/** The connector's own codes for what the format cannot hold. */
export interface ContentCodes {
  readonly valueNotResent: ErrorCode;
  readonly valueUnsupported: ErrorCode;
}

export interface FormatOptions {
  readonly stage: ContentStage;
  readonly codes: ContentCodes;
  /** What Debezium's envelopes say in `source.name`. */
  readonly jobName: string;
}

export async function contentFormat(options: FormatOptions): Promise<ContentFormat> {
  const { stage, codes } = options;
  // Libraries are loaded by those only who write their format.
  if (stage.format === 'avro') return (await import('./avro/avro-content.ts')).avroFormat(stage);
  if (stage.format !== 'parquet') return linesFormat(options);
  const { parquetFormat } = await import('./parquet/parquet-content.ts');
  return parquetFormat(stage, codes);
}

/** Are there events that the format cannot hold? */
export const refusesEvents = ({ format, metadata }: Pick<ContentStage, 'format' | 'metadata'>): boolean =>
  format === 'avro' || format === 'parquet' || (format === 'csv' && !metadata);
