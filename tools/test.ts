/**
 * Runs everything CI runs, in CI's order: build and types, lint and house rules, then all tests on real servers that are
 * started once for the whole run. Ends with a plain line `N passed, N failed, N skipped`.
 *
 * `npm test -- libs/engine` runs only the matching tests, without build and rules.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '@millrace/kernel';
import { testMariadb, testPostgres, testRedis } from '@millrace/testing';

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

function report(resultFile: string): number {
  const totals = JSON.parse(readFileSync(resultFile, 'utf8')) as Totals;
  // A suite that could not even be loaded has no test of its own to count.
  const broken = totals.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0);
  const failed = totals.numFailedTests + broken.length;
  const skipped = totals.numPendingTests + totals.numTodoTests;
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
  console.log('starting PostgreSQL, MariaDB and Redis ...');
  const [postgres, mariadb, redis] = await Promise.all([testPostgres(), testMariadb(), testRedis()]);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const resultFile = join(folder, 'result.json');
  try {
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const code = await run(process.execPath, [...jest, '--json', `--outputFile=${resultFile}`, ...patterns], {
      ...process.env,
      TEST_POSTGRES_URL: postgres.url,
      TEST_MARIADB_URL: mariadb.url,
      TEST_REDIS_URL: redis.url,
    });
    return Math.max(code, report(resultFile));
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
