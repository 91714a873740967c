import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { numbers, runAndKill, runScenario, SCENARIO_ROWS } from '@millrace/testing/acceptance';
import { ReceiverServer } from '../test-support/receiver-server.ts';
import { httpSink } from './http-sink.ts';

const KILL_STEP = 5;

it('has each effect once at a receiver that remembers ids, when processes are killed with -9, each a little later', async () => {
  await using receiver = await ReceiverServer.start();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-http-'));
  try {
    const scenario = {
      config: receiver.config,
      stage: {},
      jobId: ulids.next(),
      guarantee: 'at-least-once',
      record: join(folder, 'record.json'),
    } as const;
    const module = { url: new URL('./http-sink.ts', import.meta.url).href, name: 'httpSink' };
    let generation = 1;
    while (await runAndKill({ ...scenario, module, generation, killAt: 2 + (generation - 1) * KILL_STEP }))
      generation += 1;
    await runScenario({ ...scenario, connector: httpSink, generation: generation + 1 });
    // They came more than once, or the test would show nothing.
    expect(receiver.events.length).toBeGreaterThan(SCENARIO_ROWS);
    const effects = new Map(receiver.events.map(({ id, data }) => [id, Number(data['id'])]));
    expect([...effects.values()].toSorted((a, b) => a - b)).toEqual(numbers(0, SCENARIO_ROWS));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
