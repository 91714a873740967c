import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runPipeline } from '@millrace/pipeline';

it('finds the visits of every user, the late click included', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clicks-'));
  const file = join(folder, 'visits.ndjson');
  await runPipeline({ module: new URL('./pipeline.ts', import.meta.url).href, options: { file } });
  const visits = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { user: string; pages: string[]; clicks: number; minutes: number });
  rmSync(folder, { recursive: true });
  expect(visits.sort((a, b) => a.user.localeCompare(b.user) || a.clicks - b.clicks)).toEqual([
    { user: 'ada', pages: ['/', '/shoes', '/help', '/shoes/7'], clicks: 4, minutes: 45 },
    { user: 'bo', pages: ['/'], clicks: 1, minutes: 0 },
    { user: 'bo', pages: ['/cart', '/paid'], clicks: 2, minutes: 1 },
  ]);
});
