import { MillraceError } from '@millrace/kernel';
import type { Cluster, Topic } from '../cluster/cluster.ts';
import { createTopic, type NewTopic } from '../cluster/create-topic.ts';
import { TopicMissing } from '../errors.ts';

/**
 * A topic, made when it does not exist and `newTopic` says how.
 * @throws MillraceError `kafka.topic_missing`, `kafka.topic_refused`, `kafka.not_allowed`, `kafka.not_available`
 */
export async function topicOf(cluster: Cluster, name: string, newTopic: NewTopic | undefined): Promise<Topic> {
  try {
    return await cluster.persist(`find topic ${name}`, () => cluster.topic(name));
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === TopicMissing) || newTopic === undefined) throw error;
    return await createTopic(cluster, name, newTopic);
  }
}
