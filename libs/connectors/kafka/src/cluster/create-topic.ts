import { MillraceError } from '@millrace/kernel';
import { createTopicsV7 } from '@platformatic/kafka';
import { NotAllowed, TopicMissing, TopicRefused } from '../errors.ts';
import { Code, codeName, isTransient } from '../protocol/codes.ts';
import { protocolCode } from './client-error.ts';
import type { Cluster, Topic } from './cluster.ts';
import { Transient } from './retry.ts';

const CREATE_MS_MAX = 10_000;
/** The brokers' own default. */
const BY_DEFAULT = -1;

export interface NewTopic {
  readonly partitions: number;
  readonly replicationFactor?: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Makes a topic and waits until it can be found; harmless when it is there. @throws MillraceError `kafka.topic_refused`, `kafka.not_allowed` */
export async function createTopic(cluster: Cluster, name: string, topic: NewTopic): Promise<Topic> {
  const wanted = {
    name,
    numPartitions: topic.partitions,
    replicationFactor: topic.replicationFactor ?? BY_DEFAULT,
    assignments: [],
    configs: Object.entries(topic.settings).map(([setting, value]) => ({ name: setting, value })),
  };
  await cluster.persist(`create topic ${name}`, async () => {
    const broker = await cluster.reachable();
    try {
      await cluster.request(broker, (connection) =>
        createTopicsV7.api.async(connection, [wanted], CREATE_MS_MAX, false),
      );
    } catch (error) {
      const code = protocolCode(error);
      if (code === undefined) throw error;
      if (code === Code.TopicExists) return;
      if (isTransient(code)) throw new Transient(code);
      if (code === Code.TopicAuthorizationFailed || code === Code.ClusterAuthorizationFailed) {
        throw new MillraceError(NotAllowed, {
          message: `topic ${name} does not exist, and the user may not create it`,
          mend: `Create it, or give the user the ACL Create on the topic.`,
        });
      }
      const words = (error as { errors?: { serverErrorMessage?: string }[] }).errors?.[0]?.serverErrorMessage;
      throw new MillraceError(TopicRefused, {
        message: `the brokers refuse to create topic ${name}: ${words ?? codeName(code)}`,
        mend: 'Change createTopics of the stage (partitions, replicationFactor, settings).',
        pointer: '/createTopics',
      });
    }
  });
  // The broker that is asked may not have heard of it yet.
  return await cluster.persist(`find topic ${name}`, async () => {
    try {
      return await cluster.topic(name);
    } catch (error) {
      if (error instanceof MillraceError && error.code === TopicMissing) throw new Transient('it was just created');
      throw error;
    }
  });
}
