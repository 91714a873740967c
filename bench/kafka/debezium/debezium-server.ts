import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DatabaseConnection, freePort, GuardedProcess, javaProgram } from '@millrace/testing';
import type { Side } from './drain.ts';

const RUNNER = /^debezium-server-dist-(.+)-runner\.jar$/;
const JAVA_MAJOR_MIN = 21;
const HEAP = '1g';
const LOG_LINES_SHOWN = 20;

const MISSING = `the yardstick is missing: name the folder of an unpacked Debezium Server with --debezium DIR or MILLRACE_DEBEZIUM.
It is the artifact io.debezium:debezium-server-dist:3.6.1.Final:tar.gz of Maven Central (0.8 GB), for instance:
  mvn org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=io.debezium:debezium-server-dist:3.6.1.Final:tar.gz -DoutputDirectory=.
  tar xzf debezium-server-dist-3.6.1.Final.tar.gz    # makes debezium-server
It needs Java ${JAVA_MAJOR_MIN} or newer, first on PATH or in JAVA_HOME.`;

/** What is not as Debezium Server has it by default. The sink knows no transactions: what it writes is there at least once. */
export const TUNING = {
  'sink.kafka.producer.acks': 'all',
  'sink.kafka.producer.enable.idempotence': 'true',
  'sink.kafka.producer.linger.ms': '5',
  'sink.kafka.producer.batch.size': '262144',
  'source.max.batch.size': '8192',
  'source.max.queue.size': '32768',
  'source.poll.interval.ms': '50',
  'source.tombstones.on.delete': 'false',
  heap: HEAP,
} as const;

export interface DebeziumServer {
  readonly folder: string;
  readonly version: string;
  readonly java: string;
  readonly javaVersion: string;
}

/** @param option of the command line, before the environment. @throws Error that says how to get it */
export async function debeziumServer(option: string | undefined): Promise<DebeziumServer> {
  const folder = option ?? process.env['MILLRACE_DEBEZIUM'];
  if (folder === undefined || !existsSync(folder)) throw new Error(MISSING);
  const version = readdirSync(folder)
    .map((name) => RUNNER.exec(name)?.[1])
    .find((found) => found !== undefined);
  if (version === undefined) throw new Error(`${folder} is no Debezium Server: ${MISSING}`);
  const java = await javaProgram();
  const { stderr } = await promisify(execFile)(java, ['-version']);
  const javaVersion = /version "([^"]+)"/.exec(stderr)![1]!;
  if (Number.parseInt(javaVersion, 10) < JAVA_MAJOR_MIN) throw new Error(`Java ${javaVersion} is too old: ${MISSING}`);
  return { folder, version, java, javaVersion };
}

export interface DebeziumTask {
  readonly database: DatabaseConnection;
  readonly slot: string;
  readonly publication: string;
  readonly brokers: string;
  /** It writes to `PREFIX.public.orders`. */
  readonly topicPrefix: string;
  readonly compression: string;
}

/** Starts it on a slot that exists, as its own run.sh does; without a snapshot of the rows. */
export async function startDebezium(server: DebeziumServer, task: DebeziumTask): Promise<Side> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-debezium-'));
  const logFile = join(directory, 'server.log');
  const settings = await settingsOf(task, directory);
  const jars = [`debezium-server-dist-${server.version}-runner.jar`, join('config', 'lib'), join('lib', '*')];
  const classPath = jars.map((name) => join(server.folder, name)).join(':');
  const running = await GuardedProcess.start({
    program: server.java,
    args: [
      `-Xmx${HEAP}`,
      ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
      ...['-cp', classPath, 'io.debezium.server.Main'],
    ],
    stopSignal: 'TERM',
    logFile,
    leftover: directory,
  });
  return {
    pid: running.pid,
    said: () => readFileSync(logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n'),
    async stop() {
      running.signal('SIGKILL');
      await running.gone();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function settingsOf(task: DebeziumTask, directory: string): Promise<Readonly<Record<string, string>>> {
  const { database } = task;
  const serializer = 'org.apache.kafka.common.serialization.StringSerializer';
  const { heap: _heap, ...tuning } = TUNING;
  const debezium = {
    'sink.type': 'kafka',
    'sink.kafka.producer.bootstrap.servers': task.brokers,
    'sink.kafka.producer.key.serializer': serializer,
    'sink.kafka.producer.value.serializer': serializer,
    'sink.kafka.producer.compression.type': task.compression,
    'format.key': 'json',
    'format.value': 'json',
    'format.key.schemas.enable': 'false',
    'format.value.schemas.enable': 'false',
    'source.connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'source.offset.storage.file.filename': join(directory, 'offsets'),
    'source.database.hostname': database.host,
    'source.database.port': String(database.port),
    'source.database.user': database.user,
    'source.database.password': database.password ?? 'unused',
    'source.database.dbname': database.database,
    'source.topic.prefix': task.topicPrefix,
    'source.plugin.name': 'pgoutput',
    'source.slot.name': task.slot,
    'source.publication.name': task.publication,
    'source.publication.autocreate.mode': 'disabled',
    'source.table.include.list': 'public.orders',
    'source.snapshot.mode': 'no_data',
    // The message behind the backlog would go to a topic that is not there.
    'source.message.prefix.exclude.list': 'bench',
    ...tuning,
  };
  return {
    ...Object.fromEntries(Object.entries(debezium).map(([name, value]) => [`debezium.${name}`, value])),
    'quarkus.log.level': 'WARN',
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(await freePort()),
  };
}
