import type { Finding, JobIdentity, SourceShape } from '@millrace/connector-contract';
import { MillraceError, parseDurationMs, systemClock } from '@millrace/kernel';
import { apiVersionsV3, describeConfigsV4 } from '@platformatic/kafka';
import type { ClusterConfig, SinkStage } from '../config.ts';
import { NotLinear, TimeoutTooLong, TooOld, TopicMissing } from '../errors.ts';
import { hasEnvelope } from '../message/format-options.ts';
import { codeName } from '../protocol/codes.ts';
import { PRODUCE_KEY, PRODUCE_VERSION } from '../protocol/produce.ts';
import { endTransaction } from '../protocol/requests.ts';
import { topicName } from '../sink/topic-name.ts';
import { protocolCode } from './client-error.ts';
import type { Cluster } from './cluster.ts';
import { clusterOf } from './connect.ts';

const CHECK_PATIENCE_MS = 5_000;
const BROKER_RESOURCE = 4;
const TIMEOUT_SETTING = 'transaction.max.timeout.ms';
const CLIENT = ['millrace', '1'] as const;

async function withCluster(
  config: ClusterConfig,
  signal: AbortSignal,
  look: (cluster: Cluster) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const clock = systemClock;
  const cluster = clusterOf(config, { clientId: 'millrace-check', clock, signal, patienceMs: CHECK_PATIENCE_MS });
  try {
    return await look(cluster);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend, pointer } = error;
    return [{ code: code.code, severity: 'error', message, mend, pointer }];
  } finally {
    await cluster.close();
  }
}

/** Can the brokers be reached, and do they speak the transaction protocol that the sink needs? */
export function checkCluster(config: ClusterConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  return withCluster(config, signal, async (cluster) => {
    const broker = await cluster.anyBroker();
    const { apiKeys } = await cluster.persist('ask a broker what it speaks', () =>
      cluster.request(broker, (connection) => apiVersionsV3.api.async(connection, ...CLIENT)),
    );
    const newest = (key: number): number => apiKeys.find(({ apiKey }) => apiKey === key)?.maxVersion ?? 0;
    if (newest(PRODUCE_KEY) < PRODUCE_VERSION || newest(endTransaction.key) < endTransaction.version) {
      return [
        {
          code: TooOld.code,
          severity: 'error',
          message: `the brokers speak Produce up to version ${newest(PRODUCE_KEY)} and EndTxn up to ${newest(endTransaction.key)}; ${PRODUCE_VERSION} and ${endTransaction.version} are needed`,
          mend: 'Use Kafka 4.0 or newer, with the feature transaction.version at 2 (kafka-features.sh upgrade --feature transaction.version=2).',
          pointer: '/brokers',
        },
      ];
    }
    const count = (await cluster.persist('list the brokers', () => cluster.brokers())).length;
    return [
      {
        code: 'kafka.brokers_reached',
        severity: 'ok',
        message: `${count} ${count === 1 ? 'broker' : 'brokers'}, with transactions that can be committed after a crash`,
      },
    ];
  });
}

/** Do the topics exist, have all tables the key columns, and do the brokers allow transactions that long? */
export function checkTopics(
  { config, stage, job }: { readonly config: ClusterConfig; readonly stage: SinkStage; readonly job: JobIdentity },
  { tables, hasPositions }: SourceShape,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return withCluster(config, signal, async (cluster) => {
    const { topicColumn } = stage;
    const names = new Set(topicColumn === undefined ? tables.map((table) => topicName(stage.topic, table, job)) : []);
    return [
      ...tables.flatMap((table) => [...keyFindings(stage, table), ...columnFindings(stage, table)]),
      ...(await Promise.all([...names].map((name) => topicFinding(cluster, stage, name, '/topic')))).flat(),
      ...(await timeoutFindings(cluster, stage)),
      ...linearFindings(stage, hasPositions === true),
    ];
  });
}

/** Do the topics exist? */
export const checkTopicsFound = (
  config: ClusterConfig,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<readonly Finding[]> =>
  withCluster(config, signal, async (cluster) =>
    (
      await Promise.all(topics.map((name) => topicFinding(cluster, { createTopics: undefined }, name, '/topics')))
    ).flat(),
  );

function linearFindings(stage: SinkStage, hasPositions: boolean): readonly Finding[] {
  if (stage.commit === 'snapshot' || hasPositions) return [];
  return [
    {
      code: NotLinear.code,
      severity: 'error',
      message:
        'with "commit": "continuous" the sink needs the changes of one PostgreSQL source, in their order; this stage gets other rows',
      mend: 'Let it read from the source, or behind filter, where, select, enrich and mapAsync only; or set "commit": "snapshot".',
      pointer: '/commit',
    },
  ];
}

/** Columns of which topic and headers are made. */
function columnFindings(stage: SinkStage, { id, columns }: SourceShape['tables'][number]): readonly Finding[] {
  return (['topicColumn', 'headersColumn'] as const).flatMap((option): readonly Finding[] => {
    const name = stage[option];
    const fits = columns.filter(({ kind }) => option === 'topicColumn' || kind === 'json');
    if (name === undefined || fits.some((column) => column.name === name)) return [];
    const known = fits.map((column) => column.name).join(', ');
    const message = `table ${id} has no column ${name}${option === 'topicColumn' ? '' : ' of type json'}`;
    return [
      {
        code: 'kafka.no_such_column',
        severity: 'error',
        message,
        mend: `It has: ${known}.`,
        pointer: `/${option}`,
      },
    ];
  });
}

function keyFindings(stage: SinkStage, table: SourceShape['tables'][number]): readonly Finding[] {
  const names = stage.key ?? table.columns.filter((column) => column.key).map((column) => column.name);
  const missing = names.find((name) => table.columns.every((column) => column.name !== name));
  if (missing !== undefined) {
    return [
      {
        code: 'kafka.key_column_missing',
        severity: 'error',
        message: `table ${table.id} has no column ${missing}`,
        mend: `Use columns that all tables of the stage have, or leave "key" out to use each table's own.`,
        pointer: '/key',
      },
    ];
  }
  const unsent = names.find(
    (name) => table.replicaIdentity !== 'full' && !table.columns.find((column) => column.name === name)!.key,
  );
  if (unsent !== undefined) {
    return [
      {
        code: 'kafka.key_column_not_sent',
        severity: 'error',
        message: `PostgreSQL does not send column ${unsent} of ${table.id} when a row is deleted`,
        mend: `ALTER TABLE ${table.id} REPLICA IDENTITY FULL;`,
        pointer: '/key',
      },
    ];
  }
  if (names.length > 0 || hasEnvelope(stage.format)) return [];
  return [
    {
      code: 'kafka.deletes_need_key',
      severity: 'error',
      message: `table ${table.id} has no key, and in format ${stage.format} a delete is a message with the key alone`,
      mend: 'Name columns in "key" (with REPLICA IDENTITY FULL), give the table a primary key, or use format debezium-json.',
      pointer: '/key',
    },
  ];
}

async function topicFinding(
  cluster: Cluster,
  stage: Pick<SinkStage, 'createTopics'>,
  name: string,
  pointer: string,
): Promise<readonly Finding[]> {
  try {
    const { leaders } = await cluster.persist(`find topic ${name}`, () => cluster.topic(name));
    return [{ code: 'kafka.topic_found', severity: 'ok', message: `topic ${name} has ${leaders.length} partitions` }];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const isMade = error.code === TopicMissing && stage.createTopics !== undefined;
    if (isMade) return [{ code: 'kafka.topic_made', severity: 'ok', message: `topic ${name} will be made` }];
    return [{ code: error.code.code, severity: 'error', message: error.message, mend: error.mend, pointer }];
  }
}

/** A warning where the brokers don't tell: the job itself finds out. */
async function timeoutFindings(cluster: Cluster, stage: SinkStage): Promise<readonly Finding[]> {
  const wantedMs = parseDurationMs(stage.transactionTimeout)!;
  const [broker] = await cluster.persist('list the brokers', () => cluster.brokers());
  const wanted = { resourceName: String(broker!.nodeId), configurationKeys: [TIMEOUT_SETTING] };
  try {
    const { results } = await cluster.request(broker!, (connection) =>
      describeConfigsV4.api.async(connection, [{ ...wanted, resourceType: BROKER_RESOURCE }], false, false),
    );
    const allowedMs = Number(results[0]?.configs[0]?.value);
    if (!(wantedMs > allowedMs)) return [];
    return [
      {
        code: TimeoutTooLong.code,
        severity: 'error',
        message: `the brokers allow transactions of ${allowedMs / 1_000} s, and transactionTimeout is ${stage.transactionTimeout}`,
        mend: `Lower transactionTimeout, or set ${TIMEOUT_SETTING}=${wantedMs} on the brokers. A prepared transaction that times out is lost, so it has to outlast the longest outage of the job.`,
        pointer: '/transactionTimeout',
      },
    ];
  } catch (error) {
    const code = protocolCode(error);
    if (code === undefined) throw error;
    return [
      {
        code: 'kafka.transaction_timeout_unknown',
        severity: 'warning',
        message: `the brokers don't tell ${TIMEOUT_SETTING}: ${codeName(code)}`,
        mend: `Check that it is at least ${stage.transactionTimeout}; or give the user the ACL DescribeConfigs on the cluster.`,
        pointer: '/transactionTimeout',
      },
    ];
  }
}
