import { join } from 'node:path';
import { freePort, type TestDatabase } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
import { type Platform, startPlatform } from '../../../apps/cli/src/demo/platform.ts';
import { configuration, registerJobs, registerSources } from './configuration.ts';
import { ServiceProcess } from './service-process.ts';

const NAMES = ['orders', 'stock', 'billing'] as const;
export type ServiceName = (typeof NAMES)[number];
const TOPIC_PARTITIONS = 3;
const POLL_MS = 50;

/** Everything: servers, the platform, and the three services at work. */
export interface Shop extends AsyncDisposable {
  readonly platform: Platform;
  readonly brokers: string;
  readonly topic: string;
  readonly databases: Readonly<Record<ServiceName, TestDatabase>>;
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>;
}

export interface ShopOptions {
  readonly brokers: string;
  /** Where billing sends its messages. Made here: topics are the operators' business, not a service's. */
  readonly topic: string;
  readonly show: (line: string) => void;
}

async function makeTopic(brokers: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: TOPIC_PARTITIONS }], waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

const forEach = async <Value>(make: (name: ServiceName) => Promise<Value>): Promise<Record<ServiceName, Value>> =>
  Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await make(name)]))) as Record<
    ServiceName,
    Value
  >;

/** Starts the shop and resolves when orders can be placed. */
export async function openShop({ brokers, topic, show }: ShopOptions): Promise<Shop> {
  await using stack = new AsyncDisposableStack();
  const [platform] = await Promise.all([startPlatform({ workers: 1, show }), makeTopic(brokers, topic)]);
  stack.use(platform);
  const databases = await forEach((name) => platform.postgres.createDatabase(name));
  const services = await forEach(async (name) => {
    const env = {
      DATABASE_URL: databases[name].url,
      MILLRACE_URL: platform.apiUrl,
      KAFKA_BROKERS: brokers,
      INVOICES_TOPIC: topic,
    };
    return new ServiceProcess(name, await freePort(), env, join(platform.logs, `${name}.log`));
  });
  stack.defer(async () => {
    await Promise.all(Object.values(services).map((service) => service.stop()));
  });
  show('the services start ...');
  const starting = forEach((name) => services[name].start());
  await registerSources(platform.rest, databases);
  await starting;
  await forEach((name) => services[name].untilListening());
  await registerJobs(platform.rest, brokers);
  await untilRunning(platform);
  await forEach((name) => services[name].untilHealthy());
  const owned = stack.move();
  return { platform, brokers, topic, databases, services, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Nobody reads what is written to the outbox before its job runs. */
async function untilRunning({ rest }: Platform): Promise<void> {
  for (const { name } of configuration.jobs) {
    while ((await rest.peek<{ status: string }>(`jobs/${name}`))?.status !== 'RUNNING')
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
