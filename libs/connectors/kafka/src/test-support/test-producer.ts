import type { Cluster } from '../cluster/cluster.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { Producer } from '../transaction/producer.ts';

const TIMEOUT_MS = 60_000;

/** A producer; `flush` throws what goes wrong. */
export const testProducer = (cluster: Cluster, transactionalId: string): Promise<Producer> =>
  Producer.open({
    cluster,
    transactionalId,
    timeoutMs: TIMEOUT_MS,
    compression: COMPRESSIONS.none,
    sent: () => {},
    halved: () => {},
    fail: () => {},
  });
