import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runPipeline } from '@millrace/pipeline';
import { SPEEDS } from './pipeline.ts';

it('finds the speed of every vehicle in every full window', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gps-'));
  const file = join(folder, 'velocities.ndjson');
  await runPipeline({ module: new URL('./pipeline.ts', import.meta.url).href, options: { file } });
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { end: number; vehicle: string; metresPerSecond: number });
  rmSync(folder, { recursive: true });
  const full = rows.filter(({ end }) => end >= 20_000 && end <= 120_000);
  // Windows end every 5 s from 20 s to 120 s.
  expect(full).toHaveLength(21 * Object.keys(SPEEDS).length);
  for (const { vehicle, metresPerSecond } of full)
    expect(Math.abs(metresPerSecond - SPEEDS[vehicle]!)).toBeLessThan(0.3);
});
