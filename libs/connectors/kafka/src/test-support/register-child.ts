import { startSink } from './drive.ts';
import { inserts, tableOf } from './events.ts';

/** Writes a row whose schema has to be registered first, and prepares it. Arguments: brokers, address of the registry, topic, job id. */
const [brokers, url, topic, jobId] = process.argv.slice(2) as [string, string, string, string];
const sink = await startSink({
  config: { brokers: [brokers], schemaRegistry: { url } },
  stage: { topic, format: 'avro' },
  jobId,
});
await sink.write(inserts(tableOf('orders'), 0, 1));
await sink.prepare(1);
