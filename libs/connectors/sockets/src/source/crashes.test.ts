import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { freePort } from '@millrace/testing';
import { idsOfRecord, numbers, runSourceAndKill } from '@millrace/testing/acceptance';
import { PatientSender } from '../test-support/patient-sender.ts';

const ROWS_OF_RUN = 10;

it('loses nothing that was acknowledged and takes nothing twice, when processes are killed with -9 before and after each step of a snapshot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sockets-'));
  const port = await freePort();
  const record = join(folder, 'record.json');
  const stage = { acknowledge: true, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] };
  const module = { url: new URL('./sockets-source.ts', import.meta.url).href, name: 'socketsSource' };
  const given = {
    module,
    config: { listen: `127.0.0.1:${port}`, anonymous: true },
    stage,
    record,
    jobId: ulids.next(),
  };
  await using sender = new PatientSender(port);
  let sent = 0;
  const send = (): void => {
    sender.send(numbers(sent, sent + ROWS_OF_RUN));
    sent += ROWS_OF_RUN;
  };
  try {
    // After rows were handed on, with a saved state, with a commit record, and half committed.
    for (const killAt of [3, 6, 9, 11]) {
      send();
      expect(await runSourceAndKill({ ...given, killAt, last: sent + ROWS_OF_RUN })).toBe(true);
      expect(idsOfRecord(record).length).toBeGreaterThanOrEqual(sender.acknowledged);
    }
    send();
    expect(await runSourceAndKill({ ...given, killAt: 0, last: sent - 1 })).toBe(false);
    expect(idsOfRecord(record)).toEqual(numbers(0, sent));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
