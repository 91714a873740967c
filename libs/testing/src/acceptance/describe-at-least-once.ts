import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { runAndKill, runScenario, SCENARIO_ROWS } from './scenario.ts';
import { crashAndGoOn, Job, MOMENTS } from './sink-crash.ts';
import type { SinkDriver, SinkTarget } from './sink-driver.ts';
import { ascending, numbers } from './test-rows.ts';

const TEST_MS_MAX = 180_000;
const KILL_STEP = 7;
const GUARANTEE = 'at-least-once';

/**
 * What a sink connector has to pass in jobs with `guarantee: at-least-once`, beside the suite for exactly once or, when it does not hold that, instead of it: whatever
 * crashes, no row is missing. A row may be there more than once.
 */
export function describeSinkAtLeastOnce(name: string, driver: SinkDriver): void {
  const seesAll = async (target: SinkTarget, end: number): Promise<void> => {
    expect(ascending([...new Set(await target.read(false))])).toEqual(numbers(0, end));
  };

  describe(`${name} in a job with at-least-once`, () => {
    it.each(MOMENTS)(
      'misses no row when an execution stops %s',
      async (moment) => {
        await using target = await driver.open();
        await using job = new Job(driver, target, ulids.next(), GUARANTEE);
        const { record } = await crashAndGoOn(job, moment, 'never');
        await seesAll(target, 40);
        await (await job.start(3, record)).close();
        await seesAll(target, 40);
      },
      TEST_MS_MAX,
    );

    it(
      'misses no row when processes are killed with -9, each a little later',
      async () => {
        await using target = await driver.open();
        const folder = mkdtempSync(join(tmpdir(), 'millrace-acceptance-'));
        try {
          const { config, stage } = target;
          const record = join(folder, 'record.json');
          const scenario = { config, stage, jobId: ulids.next(), guarantee: GUARANTEE, record } as const;
          const { connector, module } = driver;
          let generation = 1;
          while (await runAndKill({ ...scenario, module, generation, killAt: 2 + (generation - 1) * KILL_STEP }))
            generation += 1;
          expect(generation).toBeGreaterThan(3);
          await runScenario({ ...scenario, connector, generation: generation + 1 });
          await seesAll(target, SCENARIO_ROWS);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
      TEST_MS_MAX,
    );
  });
}
