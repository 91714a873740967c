import { startSink } from './drive.ts';
import { inserts, tableOf } from './events.ts';

/** Writes 100 rows, prepares them, prints the saved state and waits to be killed. Arguments: brokers, topic, job id, transaction timeout. */
const [brokers, topic, jobId, transactionTimeout] = process.argv.slice(2) as [string, string, string, string];
const sink = await startSink({
  config: { brokers: [brokers] },
  stage: { topic, format: 'json', transactionTimeout },
  jobId,
});
await sink.write(inserts(tableOf('orders'), 0, 100));
const entries = await sink.prepare(1);
// Of the next snapshot: to be rolled back.
await sink.write(inserts(tableOf('orders'), 100, 200));
console.log(JSON.stringify(entries.map((entry) => ({ ...entry, value: Buffer.from(entry.value).toString('base64') }))));
setInterval(() => {}, 1_000);
