/**
 * Runs everything CI runs, in CI's order: build and types, lint and house rules, then all tests on real servers that are
 * started once for the whole run. Ends with a plain line `N passed, N failed, N skipped`.
 *
 * `npm test -- libs/engine` runs only the matching tests, without build and rules.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '@millrace/kernel';
import {
  testAmqp,
  testHdfs,
  testKafka,
  testMariadb,
  testMqtt,
  testNats,
  testOpensearch,
  testPostgres,
  testRedis,
  testRegistry,
  testS3,
  testVersity,
} from '@millrace/testing';
import { chromiumProgram } from '@millrace/testing/browser';

/** Code that is compiled already: tests start hundreds of processes and threads from the same sources. */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compiled');

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** A server that not every machine can run. */
interface OptionalServer {
  readonly name: string;
  /** Parts of the names of test files that need it: `.kafka.` of `sink.kafka.test.ts`. */
  readonly marks: readonly string[];
  /** Resolves with what the tests find in their environment. */
  readonly start: () => Promise<NodeJS.ProcessEnv>;
}

const OPTIONAL: readonly OptionalServer[] = [
  {
    name: 'MariaDB',
    marks: ['mysql', 'dialects'],
    start: async () => ({ TEST_MARIADB_URL: (await testMariadb()).url }),
  },
  { name: 'S3', marks: ['s3'], start: async () => ({ TEST_S3_URL: (await testS3()).url }) },
  {
    name: 'versitygw',
    marks: ['versity'],
    start: async () => ({ TEST_VERSITY_URL: (await testVersity()).url }),
  },
  {
    name: 'the schema registry',
    marks: ['registry'],
    start: async () => ({ TEST_REGISTRY_URL: (await testRegistry()).url }),
  },
  { name: 'Chromium', marks: ['browser'], start: async () => ({ TEST_CHROMIUM: await chromiumProgram() }) },
  { name: 'Artemis', marks: ['amqp'], start: async () => ({ TEST_AMQP_HOST: (await testAmqp()).host }) },
  { name: 'Mosquitto', marks: ['mqtt'], start: async () => ({ TEST_MQTT_URL: (await testMqtt()).url }) },
  { name: 'NATS', marks: ['nats'], start: async () => ({ TEST_NATS_URL: (await testNats()).url }) },
  { name: 'HDFS', marks: ['hdfs'], start: async () => ({ TEST_HDFS_URL: (await testHdfs()).url }) },
  {
    name: 'OpenSearch',
    marks: ['opensearch'],
    start: async () => ({ TEST_OPENSEARCH_URL: (await testOpensearch()).url }),
  },
  {
    name: 'Kafka',
    marks: ['kafka'],
    async start() {
      const { brokers, saslBrokers } = await testKafka();
      return { TEST_KAFKA_BROKERS: brokers, TEST_KAFKA_SASL_BROKERS: saslBrokers };
    },
  },
];

/** Starts them; of those that can't be had it says so in a line and leaves their tests out. */
async function startOptional(): Promise<{ readonly env: NodeJS.ProcessEnv; readonly without: readonly string[] }> {
  const env: NodeJS.ProcessEnv = {};
  const without: string[] = [];
  const start = async ({ name, marks, start: started }: OptionalServer): Promise<void> => {
    try {
      Object.assign(env, await started());
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      console.log(
        `skipping ${marks.map((mark) => `*.${mark}.test.ts`).join(', ')}: ${name} did not start: ${error.message}. ${error.mend ?? ''}`,
      );
      without.push(...marks);
    }
  };
  await Promise.all(OPTIONAL.map(start));
  return { env, without };
}

/** Test files that carry this mark, as a regular expression. */
const marked = (mark: string): string => String.raw`\.${mark}\.([^/]*\.)?test\.ts$`;

function countFiles(marks: readonly string[]): number {
  const files = execFileSync('git', ['ls-files', '*.test.ts'], { encoding: 'utf8' }).split('\n');
  return files.filter((file) => marks.some((mark) => new RegExp(marked(mark)).test(file))).length;
}

/** @param left test files that were left out */
function report(resultFile: string, left: number): number {
  const totals = JSON.parse(readFileSync(resultFile, 'utf8')) as Totals;
  // A suite that could not even be loaded has no test of its own to count.
  const broken = totals.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0);
  const failed = totals.numFailedTests + broken.length;
  const skipped = totals.numPendingTests + totals.numTodoTests + left;
  console.log(`${totals.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && totals.numPassedTests > 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const patterns = process.argv.slice(2);
  if (patterns.length === 0) {
    const verified = await run('npm', ['run', '-s', 'verify']);
    if (verified !== 0) {
      console.log('0 passed, 1 failed, 0 skipped');
      return verified;
    }
  }
  console.log('starting PostgreSQL, Redis, MariaDB, S3, Kafka and a schema registry ...');
  const [postgres, redis, { env, without }] = await Promise.all([testPostgres(), testRedis(), startOptional()]);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const resultFile = join(folder, 'result.json');
  try {
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const left = without.flatMap((mark) => ['--testPathIgnorePatterns', marked(mark)]);
    const code = await run(process.execPath, [...jest, ...left, '--json', `--outputFile=${resultFile}`, ...patterns], {
      ...process.env,
      TEST_POSTGRES_URL: postgres.url,
      TEST_REDIS_URL: redis.url,
      ...env,
    });
    return Math.max(code, report(resultFile, patterns.length === 0 ? countFiles(without) : 0));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.error(`${error.message}. ${error.mend ?? ''}`);
  process.exit(1);
}
