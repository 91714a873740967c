import { ulids } from '@millrace/kernel';
import {
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isMissing } from '../errors.ts';

const decoder = new TextDecoder();

/** On a connection of its own: servers of tests are killed, and what was under way on others is lost with them. */
export async function atServer<T>(
  url: string,
  use: (client: JetStreamClient, manager: JetStreamManager) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await use(jetstream(connection), await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

/** A stream of a test's own, for subjects `NAME.>`, and what a test does with it. */
export async function openStream(url: string, name = `T${ulids.next()}`) {
  await atServer(url, (_, { streams }) => streams.add({ name, subjects: [`${name}.>`] }));
  return {
    name,
    publish: (bodies: readonly string[], subject = `${name}.orders`) =>
      atServer(url, async (client) => void (await Promise.all(bodies.map((body) => client.publish(subject, body))))),
    /** Of messages that readers see, in their order. */
    bodies: () =>
      atServer(url, async (client) => {
        const filter_subjects = `${name}.>`;
        const consumer = await client.consumers.get(name, { deliver_policy: DeliverPolicy.All, filter_subjects });
        const { num_pending } = await consumer.info(true);
        const bodies: string[] = [];
        if (num_pending === 0) return bodies;
        const messages = await consumer.consume();
        for await (const { data } of messages) if (bodies.push(decoder.decode(data)) >= num_pending) break;
        return bodies;
      }),
    /** Streams in which something of a job waits. */
    waiting: (jobId: string) =>
      atServer(url, async (_, { streams }) => {
        const found: string[] = [];
        for await (const { config, state } of streams.list())
          if (config.name.includes(jobId) && state.messages > 0) found.push(`${config.name}: ${state.messages}`);
        return found;
      }),
    purge: () => atServer(url, async (_, { streams }) => void (await streams.purge(name))),
    remove: () =>
      atServer(url, async (_, { streams }) => {
        await streams.delete(name).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
      }),
  };
}
