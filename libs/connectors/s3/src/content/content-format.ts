import type { S3Stage } from '../config.ts';
import { linesFormat } from './lines/lines-content.ts';
import type { ContentFormat } from './object-content.ts';

/** @param jobName what Debezium's envelopes say in `source.name`. */
export async function contentFormat(stage: S3Stage, jobName: string): Promise<ContentFormat> {
  // Libraries are loaded by those only who write their format.
  if (stage.format === 'avro') return (await import('./avro/avro-content.ts')).avroFormat(stage);
  if (stage.format !== 'parquet') return linesFormat(stage, jobName);
  const { parquetFormat } = await import('./parquet/parquet-content.ts');
  return parquetFormat(stage);
}

/** Are there events that the format cannot hold? */
export const refusesEvents = ({ format, metadata }: S3Stage): boolean =>
  format === 'avro' || format === 'parquet' || (format === 'csv' && !metadata);
