import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { freePort } from './free-port.ts';
import { ServerDidNotStart } from './guarded-process.ts';
import { LocalServer } from './local-server.ts';
import { javaProgram, mavenJars } from './maven-jars.ts';
import type { Certificate } from './test-certificates.ts';

const run = promisify(execFile);

const ARTIFACTS = [
  'org.apache.kafka:kafka_2.13:4.3.1',
  'org.apache.logging.log4j:log4j-slf4j-impl:2.25.3',
  'org.apache.logging.log4j:log4j-core:2.25.3',
] as const;
/** A small heap, a quick start. */
const JAVA_OPTIONS = ['-Xms64m', '-XX:+UseSerialGC', '-Xshare:auto'];
const HEAP = '256m';
/** Compiles quickly and not well: right for brokers that live for minutes. */
const QUICK_START = '-XX:TieredStopAtLevel=1';
const START_WAIT_MS_MAX = 90_000;
const STARTED = 'Kafka Server started';

/** The user of the listener with SASL; the same for PLAIN and SCRAM. */
export const KAFKA_USER = { username: 'millrace', password: 'millrace-secret' } as const;

const LOG = `status = error
appender.file.type = Console
appender.file.name = out
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
`;

export interface KafkaOptions {
  /** Settings of the broker beside ours, as in server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
  /** As `1g`: for benches, which want a broker that is warm and not one that is up at once. */
  readonly heap?: string;
  /** Present: listeners with TLS as well. */
  readonly tls?: KafkaTls;
}

export interface KafkaTls {
  /** The broker's, for `localhost`. */
  readonly server: Certificate;
  /** PEM of the authorities whose clients it takes. */
  readonly authority: string;
}

interface Ports {
  readonly plain: number;
  readonly sasl: number;
  readonly tls: number;
  readonly saslTls: number;
  readonly controller: number;
}

function settingsOf(ports: Ports, directory: string): Readonly<Record<string, string>> {
  const { username, password } = KAFKA_USER;
  const login = `username="${username}" password="${password}"`;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.plain},SASL_PLAINTEXT://127.0.0.1:${ports.sasl},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.plain},SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${login} user_${username}="${password}";`,
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required ${login};`,
    'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required ${login};`,
    'log.dirs': join(directory, 'data'),
    // Few partitions of the topics of its own, so that starting makes few files.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '8388608',
    // So that tests see what times out in seconds: a transaction is looked at every half second, a killed broker may come back after three.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
  };
}

/** One listener for clients with a certificate, one for users. PEM, its lines joined as a properties file wants them. */
function tlsSettings(ports: Ports, { server, authority }: KafkaTls): Readonly<Record<string, string>> {
  const plain = settingsOf(ports, '');
  const own = `SSL://localhost:${ports.tls},SASL_SSL://localhost:${ports.saslTls}`;
  const pem = (text: string): string => text.trim().replaceAll('\r', '').replaceAll('\n', '\\n');
  const login = Object.entries(plain).filter(([name]) => name.startsWith('listener.name.sasl_plaintext.'));
  return {
    listeners: `${plain['listeners']},${own}`,
    'advertised.listeners': `${plain['advertised.listeners']},${own}`,
    'listener.security.protocol.map': `${plain['listener.security.protocol.map']},SSL:SSL,SASL_SSL:SASL_SSL`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': pem(server.certificate),
    'ssl.keystore.key': pem(server.key),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': pem(authority),
    'listener.name.ssl.ssl.client.auth': 'required',
    ...Object.fromEntries(login.map(([name, value]) => [name.replace('sasl_plaintext', 'sasl_ssl'), value])),
  };
}

/** Class path of Kafka's own clients and broker. @throws MillraceError `testing.server_did_not_start` */
export const kafkaClassPath = (): Promise<string> => mavenJars('kafka', ARTIFACTS);

/** A private Kafka broker (KRaft, broker and controller in one) in a temporary directory, on free loopback ports. */
export class KafkaServer extends LocalServer {
  /** `host:port`. */
  readonly brokers: string;
  /** The listener that wants `KAFKA_USER`, by PLAIN or SCRAM. */
  readonly saslBrokers: string;
  /** With TLS, for clients that have a certificate; and for `KAFKA_USER`. Both as `localhost:port`. */
  readonly tlsBrokers: string;
  readonly saslTlsBrokers: string;
  readonly #program: string;
  readonly #java: readonly string[];

  private constructor(directory: string, ports: Ports, program: string, java: readonly string[]) {
    super(directory);
    this.#program = program;
    this.brokers = `127.0.0.1:${ports.plain}`;
    this.saslBrokers = `127.0.0.1:${ports.sasl}`;
    this.tlsBrokers = `localhost:${ports.tls}`;
    this.saslTlsBrokers = `localhost:${ports.saslTls}`;
    this.#java = java;
  }

  /** @throws MillraceError `testing.server_did_not_start` with what to install */
  static async start(options: KafkaOptions = {}): Promise<KafkaServer> {
    const program = await javaProgram();
    const jars = await kafkaClassPath();
    const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
    const ports: Ports = {
      plain: await freePort(),
      sasl: await freePort(),
      tls: await freePort(),
      saslTls: await freePort(),
      controller: await freePort(),
    };
    const tls = options.tls === undefined ? {} : tlsSettings(ports, options.tls);
    const settings = { ...settingsOf(ports, directory), ...tls, ...options.settings };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(directory, 'server.properties'), lines.join(''));
    const logging = join(directory, 'log4j2.properties');
    writeFileSync(logging, LOG);
    const { heap } = options;
    const own = heap === undefined ? [`-Xmx${HEAP}`, QUICK_START] : [`-Xmx${heap}`];
    const java = [...JAVA_OPTIONS, ...own, `-Dlog4j2.configurationFile=${logging}`, '-cp', jars];
    const server = new KafkaServer(directory, ports, program, java);
    return server.begin(() => server.#format());
  }

  async #format(): Promise<void> {
    const { username, password } = KAFKA_USER;
    const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]);
    const id = randomBytes(16);
    // So that it does not begin with a dash, which would make it an option.
    id[0]! &= 0x7f;
    const cluster = id.toString('base64url');
    const properties = join(this.directory, 'server.properties');
    const args = ['kafka.tools.StorageTool', 'format', '-c', properties, '-t', cluster, ...users];
    try {
      await run(this.#program, [...this.#java, ...args]);
    } catch (error) {
      const { stderr = '', stdout = '' } = error as { readonly stderr?: string; readonly stdout?: string };
      throw new MillraceError(ServerDidNotStart, { message: `Kafka's storage was not made: ${stderr}${stdout}` });
    }
  }

  override async up(): Promise<void> {
    writeFileSync(this.logFile, '');
    await this.launch({
      name: 'Kafka',
      program: this.#program,
      args: [...this.#java, 'kafka.Kafka', join(this.directory, 'server.properties')],
      answers: () => readFileSync(this.logFile, 'utf8').includes(STARTED),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  /** Without the orderly end, which takes seconds and helps nobody. */
  override async stop(): Promise<void> {
    await this.down('SIGKILL');
    await super.stop();
  }
}
