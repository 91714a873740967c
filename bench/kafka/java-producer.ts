import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { javaProgram, mavenJars } from '@millrace/testing';

const ARTIFACTS = [
  'org.apache.kafka:kafka-tools:4.3.1',
  'org.apache.logging.log4j:log4j-slf4j-impl:2.25.3',
  'org.apache.logging.log4j:log4j-core:2.25.3',
] as const;

export interface JavaProducerOptions {
  readonly brokers: string;
  readonly topic: string;
  /** Its lines are the values. */
  readonly payloadFile: string;
  readonly records: number;
  readonly compression: string;
  readonly commitEveryMs: number;
}

/** Kafka's own ProducerPerformance, in transactions. @returns records a second, as it reports them (without the start of the JVM) */
export async function javaProducer(options: JavaProducerOptions): Promise<number> {
  const { brokers, topic, payloadFile, records, compression, commitEveryMs } = options;
  const args = [
    '-Xmx512m',
    '-cp',
    await mavenJars('kafka-tools', ARTIFACTS),
    'org.apache.kafka.tools.ProducerPerformance',
  ];
  args.push('--bootstrap-server', brokers, '--topic', topic, '--num-records', String(records), '--throughput', '-1');
  args.push('--payload-file', payloadFile, '--reporting-interval', '600000');
  args.push('--transactional-id', `bench-${topic}`, '--transaction-duration-ms', String(commitEveryMs));
  args.push('--command-property', 'acks=all', 'linger.ms=5', 'batch.size=262144', 'buffer.memory=134217728');
  args.push(`compression.type=${compression}`);
  const { stdout } = await promisify(execFile)(await javaProgram(), args);
  const rate = /([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1)!)?.[1];
  if (rate === undefined) throw new Error(`ProducerPerformance said: ${stdout}`);
  return Number(rate);
}
