import { deleteTopicsV6 } from '@platformatic/kafka';
import { Code } from '../protocol/codes.ts';
import { protocolCode } from './client-error.ts';
import { type Cluster, refusal } from './cluster.ts';

const DELETE_MS_MAX = 10_000;

/** Removes a topic; harmless when there is none. @throws MillraceError `kafka.not_allowed`, `kafka.not_available` */
export function deleteTopic(cluster: Cluster, name: string): Promise<void> {
  return cluster.persist(`delete topic ${name}`, async () => {
    try {
      await cluster.request(await cluster.reachable(), (connection) =>
        deleteTopicsV6.api.async(connection, [{ name }], DELETE_MS_MAX),
      );
    } catch (error) {
      if (protocolCode(error) !== Code.UnknownTopic) throw refusal(error, `delete topic ${name}`);
    }
  });
}
