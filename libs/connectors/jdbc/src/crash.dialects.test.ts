import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXPECTED, LETTERS, REFUSED_VALUES, readRecord, runScenario, type Scenario } from './test-support/scenario.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const child = (name: string): string => fileURLToPath(new URL(`test-support/${name}.ts`, import.meta.url));
const NODE = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
/** More than any dialect sends in the scenario. */
const STATEMENTS_MAX = 200;
const CHILDREN_AT_ONCE = 3;
const TEST_MS_MAX = 600_000;
/** A process costs a second: each run takes every eighth statement, `CRASH_EVERY=1` all of them (four minutes). */
const STEP = Number(process.env['CRASH_EVERY'] ?? 8);

/** Whether the child was killed; `false` when it ran to its end. */
function runAndKill(scenario: Scenario, killAt: number, moment: 'before' | 'after'): Promise<boolean> {
  const args = [...NODE, child('crash-child'), JSON.stringify(scenario), String(killAt), moment];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(true);
      else if (code === 0) resolve(false);
      else reject(new Error(`the child ended with ${code ?? signal} at statement ${killAt}`));
    });
  });
}

/** Starts the child; resolves when it has stopped itself, or with `false` when it ran to its end. */
async function startFrozen(scenario: Scenario, freezeAt: number) {
  const args = [...NODE, child('freeze-child'), JSON.stringify(scenario), String(freezeAt)];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<boolean>((resolve) => {
    running.once('exit', () => resolve(false));
  });
  const frozen = new Promise<boolean>((resolve) => {
    running.stdout.once('data', () => resolve(true));
  });
  const isFrozen = await Promise.race([frozen, ended]);
  return {
    isFrozen,
    async wake(): Promise<void> {
      running.kill('SIGCONT');
      await ended;
    },
    // A stopped process would outlive the test that failed.
    [Symbol.dispose]: () => running.kill('SIGKILL'),
  };
}

async function createRefusing(target: TestTarget, table: string): Promise<void> {
  const values = REFUSED_VALUES.map((value) => `'${value}'`).join(', ');
  await target.query(`create table ${table} (id integer, v varchar(20), check (v not in (${values})))`);
}

describe.each(TARGETS)('a sink at %s', (_, open) => {
  let target: TestTarget;
  let directory: string;
  beforeAll(async () => {
    target = await open();
    directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(['upsert', 'append', 'refusing'] as const)(
    'that is killed at any statement of mode %s goes on exactly once',
    async (mode) => {
      let killed = 0;
      let isOver = false;
      const one = async (killAt: number): Promise<void> => {
        const table = `crash_${mode}_${killAt}`;
        const record = join(directory, table);
        const scenario = { connection: target.connection, jobId: table, table, mode, record, generation: 1 };
        const moment = killAt % 2 === 0 ? 'before' : 'after';
        if (mode === 'refusing') await createRefusing(target, table);
        if (await runAndKill(scenario, killAt, moment)) killed += 1;
        else isOver = true;
        const before = existsSync(record);
        await runScenario({ ...scenario, generation: 2 });
        const rows = await target.query(`select id, v from ${table}`);
        const found = rows.map((row) => `${String(row['id'])} ${String(row['v'])}`).sort();
        expect([killAt, before, found]).toEqual([killAt, before, EXPECTED[mode]]);
        const letters = [...readRecord(record)!.letters].sort();
        expect([killAt, letters]).toEqual([killAt, mode === 'refusing' ? LETTERS : []]);
      };
      let next = 1;
      const lane = async (): Promise<void> => {
        while (!isOver && next <= STATEMENTS_MAX) {
          const killAt = next;
          // Most of its statements are those of append.
          next += mode === 'refusing' ? 2 * STEP + 1 : STEP;
          await one(killAt);
        }
      };
      await Promise.all(Array.from({ length: target.dialect === 'sqlite' ? 1 : CHILDREN_AT_ONCE }, lane));
      expect(isOver).toBe(true);
      expect(killed * STEP).toBeGreaterThan(20);
    },
    TEST_MS_MAX,
  );
});

// A file of SQLite stays locked while a process is stopped inside a transaction.
describe.each(TARGETS.filter(([name]) => name !== 'sqlite'))('a zombie at %s', (_, open) => {
  it.each(['upsert', 'append'] as const)(
    'that is stopped at any statement of mode %s does no harm when it wakes up',
    async (mode) => {
      await using target = await open();
      const directory = mkdtempSync(join(tmpdir(), 'millrace-freeze-'));
      let frozen = 0;
      for (let freezeAt = 3; freezeAt <= STATEMENTS_MAX; freezeAt += STEP + 1) {
        const table = `frozen_${mode}_${freezeAt}`;
        const record = join(directory, table);
        const scenario = { connection: target.connection, jobId: table, table, mode, record, generation: 1 };
        using zombie = await startFrozen(scenario, freezeAt);
        const rowsOf = async (): Promise<readonly string[]> =>
          (await target.query(`select id, v from ${table}`))
            .map((row) => `${String(row['id'])} ${String(row['v'])}`)
            .sort();
        await runScenario({ ...scenario, generation: 2 });
        expect([freezeAt, await rowsOf()]).toEqual([freezeAt, EXPECTED[mode]]);
        await zombie.wake();
        expect([freezeAt, await rowsOf()]).toEqual([freezeAt, EXPECTED[mode]]);
        if (!zombie.isFrozen) break;
        frozen += 1;
      }
      expect(frozen * (STEP + 1)).toBeGreaterThan(20);
      rmSync(directory, { recursive: true, force: true });
    },
    TEST_MS_MAX,
  );
});
