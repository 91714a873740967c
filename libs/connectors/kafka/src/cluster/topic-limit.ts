import { describeConfigsV4 } from '@platformatic/kafka';
import { Code } from '../protocol/codes.ts';
import { protocolCode } from './client-error.ts';
import { type Cluster, refusal } from './cluster.ts';

const TOPIC_RESOURCE = 2;
const SETTING = 'max.message.bytes';

/** Most bytes of a batch that a topic takes; `undefined` where we may not see it. @throws MillraceError `kafka.not_available` */
export function topicLimit(cluster: Cluster, topic: string): Promise<number | undefined> {
  return cluster.persist(`describe the settings of ${topic}`, async () => {
    const wanted = { resourceName: topic, configurationKeys: [SETTING] };
    try {
      const { results } = await cluster.request(await cluster.reachable(), (connection) =>
        describeConfigsV4.api.async(connection, [{ ...wanted, resourceType: TOPIC_RESOURCE }], false, false),
      );
      const bytes = Number(results[0]?.configs[0]?.value);
      return bytes > 0 ? bytes : undefined;
    } catch (error) {
      if (protocolCode(error) === Code.TopicAuthorizationFailed) return undefined;
      throw refusal(error, `describe the settings of ${topic}`);
    }
  });
}
