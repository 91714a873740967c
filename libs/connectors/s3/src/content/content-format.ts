import type { S3Stage } from '../config.ts';
import { linesFormat } from './lines/lines-content.ts';
import type { ContentFormat } from './object-content.ts';
import { parquetFormat } from './parquet/parquet-content.ts';

/** @param jobName what Debezium's envelopes say in `source.name`. */
export const contentFormat = (stage: S3Stage, jobName: string): ContentFormat =>
  stage.format === 'parquet' ? parquetFormat(stage) : linesFormat(stage, jobName);
