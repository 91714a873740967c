import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { PatientSender } from '../test-support/patient-sender.ts';
import type { SourceRecord, SourceRun } from '../test-support/source-child.ts';

const KILLS = 6;
const AGAIN_MS = 10;
const child = new URL('../test-support/source-child.ts', import.meta.url).pathname;

const run = (options: SourceRun): ChildProcess =>
  spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', child, JSON.stringify(options)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );

function lastRecord(path: string): readonly number[] {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as SourceRecord).ids;
  } catch {
    return [];
  }
}

it('loses nothing that was acknowledged and takes nothing twice, when processes are killed with -9 before and after each step of a snapshot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sockets-'));
  const port = await freePort();
  const record = join(folder, 'record.json');
  const stage = { acknowledge: true, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] };
  const given = { config: { listen: `127.0.0.1:${port}`, anonymous: true }, stage, record };
  await using sender = new PatientSender(port);
  let running: ChildProcess | undefined;
  let sent = 0;
  try {
    // Four moments of a snapshot, and then those of the second one of an execution.
    for (let killAt = 1; killAt <= KILLS; killAt++) {
      running = run({ ...given, killAt });
      const killed = once(running, 'exit');
      let isKilled = false;
      void killed.then(() => {
        isKilled = true;
      });
      // A little at a time, so that there is a second snapshot.
      for (; !isKilled; await pause(AGAIN_MS)) sender.send([sent++]);
      expect(((await killed) as [number | null, string | null])[1]).toBe('SIGKILL');
      expect(lastRecord(record).length).toBeGreaterThanOrEqual(sender.acknowledged);
    }
    running = run({ ...given, killAt: 0 });
    while (sender.acknowledged < sent) await pause(AGAIN_MS);
    expect(lastRecord(record)).toEqual(numbers(0, sent));
  } finally {
    running?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
