import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { PatientCaller } from '../test-support/caller.ts';
import type { IngestRecord, IngestRun } from '../test-support/ingest-child.ts';

const CALLERS = 4;
const REQUESTS = 12;
const KILLS = 6;
const child = new URL('../test-support/ingest-child.ts', import.meta.url).pathname;

const run = (options: IngestRun): ChildProcess =>
  spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', child, JSON.stringify(options)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );

function lastRecord(path: string): Pick<IngestRecord, 'ids'> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as IngestRecord;
  } catch {
    return { ids: [] };
  }
}

it('loses nothing that was answered and takes nothing twice, when processes are killed with -9 before and after each step of a snapshot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ingest-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const record = join(folder, 'record.json');
  const stage = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] };
  const given = { config: { listen, anonymous: true }, stage, record };
  await using caller = new PatientCaller(`http://${listen}/`);
  // Each of the callers sends its next request when the one before is answered.
  const calling = Promise.all(
    numbers(0, CALLERS).map(async (own) => {
      for (let at = 0; at < REQUESTS; at++) await caller.send([own * REQUESTS + at]);
    }),
  );
  let running: ChildProcess | undefined;
  try {
    // Four moments of a snapshot, and then those of the second one of an execution.
    for (let killAt = 1; killAt <= KILLS; killAt++) {
      running = run({ ...given, killAt });
      const [, signal] = (await once(running, 'exit')) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      const { ids } = lastRecord(record);
      expect(caller.answered.filter((id) => !ids.includes(id))).toEqual([]);
    }
    running = run({ ...given, killAt: 0 });
    await calling;
    const { ids } = lastRecord(record);
    expect(ids.toSorted((a, b) => a - b)).toEqual(numbers(0, CALLERS * REQUESTS));
  } finally {
    running?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
