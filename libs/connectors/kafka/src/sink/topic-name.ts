import type { JobIdentity } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';

const TOPIC_BYTES_MAX = 249;

/** A name as part of a topic's: what Kafka does not take becomes an underscore, as Debezium does it. */
const safe = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_');

/** Topic of a table's events. */
export const topicName = (template: string, schema: TableSchema, job: JobIdentity): string =>
  template
    .replaceAll('{schema}', safe(schema.schema))
    .replaceAll('{table}', safe(schema.table))
    .replaceAll('{job}', safe(job.jobName))
    .slice(0, TOPIC_BYTES_MAX);
