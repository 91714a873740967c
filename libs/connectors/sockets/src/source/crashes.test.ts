import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { numbers, SourceProcess, sourceRecord } from '@millrace/testing/acceptance';
import { PatientSender } from '../test-support/patient-sender.ts';

/** The moments of a snapshot. */
const KILLS = 4;
const AGAIN_MS = 10;

it('loses nothing that was acknowledged and takes nothing twice, when processes are killed with -9 before and after each step of a snapshot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sockets-'));
  const port = await freePort();
  const record = join(folder, 'record.json');
  const stage = { acknowledge: true, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] };
  const module = { url: new URL('./sockets-source.ts', import.meta.url).href, name: 'socketsSource' };
  const given = { module, config: { listen: `127.0.0.1:${port}`, anonymous: true }, stage, record };
  await using sender = new PatientSender(port);
  let sent = 0;
  try {
    for (let killAt = 1; killAt <= KILLS; killAt++) {
      using running = new SourceProcess({ ...given, killAt });
      for (; !running.isOver; await pause(AGAIN_MS)) sender.send([sent++]);
      expect(await running.end()).toBe('SIGKILL');
      expect(sourceRecord(record).events.length).toBeGreaterThanOrEqual(sender.acknowledged);
    }
    using _running = new SourceProcess({ ...given, killAt: 0 });
    while (sender.acknowledged < sent) await pause(AGAIN_MS);
    expect(sourceRecord(record).events).toEqual(numbers(0, sent).map((id) => `c ${id}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
