import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { KafkaServer } from '@millrace/testing';
import { createTopic } from '../../../libs/connectors/kafka/src/cluster/create-topic.ts';
import { removeTopic, testCluster } from '../../../libs/connectors/kafka/src/test-support/test-cluster.ts';
import { createOrdersTable, mixedBacklog } from '../../harness/backlog.ts';
import { serverVersion, startBenchServers } from '../../harness/bench-servers.ts';
import { JOB_ID, JOB_SLOT } from '../../harness/job-spec.ts';
import { alternate, median, printResult } from '../../harness/result.ts';
import { startJob } from '../../harness/run-job.ts';
import { copySlot, dropSlot } from '../../harness/slots.ts';
import { debeziumServer, startDebezium, TUNING } from './debezium-server.ts';
import { type Drained, drain, type Side } from './drain.ts';

const USAGE = 'usage: npm run -s bench -- kafka --vs debezium [--debezium DIR] [--scale 1] [--rounds 3]';
const COMPRESSION = 'lz4';
const YARDSTICK_SLOT = 'debezium';
/** Until the broker has removed a topic's files. */
const DELETED_MS = 1_000;

/** A backlog in a slot into a topic as Debezium's envelopes: a job, exactly once, and Debezium Server, in turn. */
export async function versusDebezium(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vs: { type: 'string' },
      debezium: { type: 'string' },
      scale: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
    },
  });
  if (values.vs !== 'debezium') throw new Error(USAGE);
  const yardstick = await debeziumServer(values.debezium);
  await using servers = await startBenchServers();
  const { database, redis } = servers;
  // What a run has written is gone at once, or the disk writes it while the next one runs.
  const settings = { 'log.segment.delete.delay.ms': '0' };
  await using kafka = await KafkaServer.start({ heap: '1g', settings });
  const { brokers } = kafka;
  await using stack = new AsyncDisposableStack();
  const cluster = testCluster(brokers);
  stack.defer(() => cluster.close());
  console.log(`writing the backlog (scale ${values.scale}) ...`);
  await createOrdersTable(database);
  await database.query(`create publication ${JOB_SLOT} for table orders`);
  const backlog = await mixedBacklog(database, Number(values.scale));
  let runs = 0;
  const into = async (
    slot: string,
    start: (prefix: string, topic: string, resumeLsn: string) => Promise<Side>,
  ): Promise<Drained> => {
    runs += 1;
    const prefix = `run-${runs}`;
    const topic = `${prefix}.public.orders`;
    await createTopic(cluster, topic, { partitions: 1, settings: { 'retention.ms': '-1' } });
    const resumeLsn = await copySlot(database, backlog.slot, slot);
    const done = await drain({
      database,
      backlog,
      slot,
      cluster,
      topic,
      start: () => start(prefix, topic, resumeLsn),
    });
    console.log(`${slot === JOB_SLOT ? 'millrace' : 'debezium'}: ${JSON.stringify(done)}`);
    await dropSlot(database, slot);
    await removeTopic(brokers, topic);
    await new Promise((resolve) => setTimeout(resolve, DELETED_MS));
    return done;
  };
  const stage = { format: 'debezium-json', compression: COMPRESSION, tombstones: false };
  const ours: Drained[] = [];
  const theirs: Drained[] = [];
  const speed = await alternate(
    'backlog',
    Number(values.rounds),
    async () => {
      const done = await into(JOB_SLOT, async (_prefix, topic, resumeLsn) => {
        const job = startJob({
          jobId: JOB_ID,
          redisUrl: redis.url,
          source: database.connection,
          initialLoad: 'none',
          resumeLsn,
          sink: { brokers, stage: { ...stage, database: database.name, topic } },
          rows: backlog.rows,
          lastId: undefined,
        });
        return { ...job, said: () => 'its errors are above' };
      });
      ours.push(done);
      return done.rowsPerSecond;
    },
    async () => {
      const done = await into(YARDSTICK_SLOT, (topicPrefix) =>
        startDebezium(yardstick, {
          database: database.connection,
          slot: YARDSTICK_SLOT,
          publication: JOB_SLOT,
          brokers,
          topicPrefix,
          compression: COMPRESSION,
        }),
      );
      theirs.push(done);
      return done.rowsPerSecond;
    },
  );
  const [a, b] = [summary(ours), summary(theirs)];
  const ratios = {
    rowsPerSecond: speed.ratio,
    rowsPerSecondFromSlot: a.rowsPerSecondFromSlot / b.rowsPerSecondFromSlot,
    memory: a.peakMiB / b.peakMiB,
  };
  const redisPeak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${redis.pid}/status`, 'utf8'))![1];
  const figures = {
    rows: backlog.rows,
    goals: { rowsPerSecond: '>= 3', memory: '<= 0.25' },
    ours: { ...a, guarantee: 'exactly once, a snapshot a second', redisPeakMiB: Math.round(Number(redisPeak) / 1_024) },
    debezium: { ...b, guarantee: 'at least once: its Kafka sink has no transactions' },
    settings: { partitions: 1, compression: COMPRESSION, ours: stage, debezium: TUNING },
  };
  const versions = { debeziumServer: yardstick.version, java: yardstick.javaVersion, kafka: '4.3.1' };
  printResult(
    { bench: 'kafka-vs-debezium', ratios, figures },
    { ...versions, postgres: await serverVersion(database) },
  );
}

/** Medians. */
function summary(runs: readonly Drained[]): Drained {
  const of = (name: keyof Drained): number => Math.round(median(runs.map((run) => run[name])) * 100) / 100;
  return {
    rowsPerSecond: of('rowsPerSecond'),
    rowsPerSecondFromSlot: of('rowsPerSecondFromSlot'),
    startSeconds: of('startSeconds'),
    warmUpSeconds: of('warmUpSeconds'),
    peakMiB: of('peakMiB'),
    bytesPerRecord: of('bytesPerRecord'),
  };
}
