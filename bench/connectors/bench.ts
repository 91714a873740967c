import { parseArgs } from 'node:util';
import { printResult } from '../harness/result.ts';
import type { ConnectorBench } from './connector-bench.ts';

/** A line for each: add a connector here. They are loaded when they run. */
const CONNECTORS: Readonly<Record<string, () => Promise<ConnectorBench>>> = {
  files: async () => (await import('./files/files-bench.ts')).filesBench,
  http: async () => (await import('./http/http-bench.ts')).httpBench,
  sockets: async () => (await import('./sockets/sockets-bench.ts')).socketsBench,
  redis: async () => (await import('./redis/redis-bench.ts')).redisBench,
  amqp: async () => (await import('./amqp/amqp-bench.ts')).amqpBench,
  bullmq: async () => (await import('./bullmq/bullmq-bench.ts')).bullmqBench,
  mqtt: async () => (await import('./mqtt/mqtt-bench.ts')).mqttBench,
  nats: async () => (await import('./nats/nats-bench.ts')).natsBench,
  hdfs: async () => (await import('./hdfs/hdfs-bench.ts')).hdfsBench,
  opensearch: async () => (await import('./opensearch/opensearch-bench.ts')).opensearchBench,
};

/** Connectors beside the least that has to be done. Prints a JSON line for each, and the ratios of all as the last one. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scale: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  });
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = {};
  for (const [name, load] of Object.entries(CONNECTORS)) {
    if (values.only !== undefined && values.only !== name) continue;
    const { connector, run: compare } = await load();
    const comparisons = await compare({ scale: Number(values.scale), rounds: Number(values.rounds) });
    console.log(JSON.stringify({ connector, comparisons }));
    figures[connector] = comparisons;
    for (const { name: what, yardstick, ratio } of comparisons) ratios[`${connector} ${what} / ${yardstick}`] = ratio;
  }
  printResult({ bench: 'connectors', ratios, figures }, {});
}
