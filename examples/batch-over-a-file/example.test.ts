import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runPipeline } from '@millrace/pipeline';

const COUNTRIES = ['DE', 'FR', 'IT', 'JP', 'US'];
const ROWS = 20_000;

it('sums a file up by country, the best one first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sales-'));
  const [from, to] = [join(folder, 'sales.csv'), join(folder, 'report.ndjson')];
  // Every hundredth is a refund.
  const sales = Array.from({ length: ROWS }, (_, n) => ({
    country: COUNTRIES[((n * n) % 7) % COUNTRIES.length]!,
    product: `p${n}`,
    cents: n % 100 === 0 ? -500 : 100 + n,
  }));
  const lines = sales.map(({ country, product, cents }) => `${country},${product},${cents}`);
  writeFileSync(from, ['country,product,cents', ...lines].join('\n'));
  await runPipeline({ module: new URL('./pipeline.ts', import.meta.url).href, options: { from, to } });
  const report = readFileSync(to, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  rmSync(folder, { recursive: true });
  const expected = COUNTRIES.map((country) => {
    const own = sales.filter((sale) => sale.country === country && sale.cents > 0);
    return {
      country,
      sales: own.length,
      cents: own.reduce((sum, { cents }) => sum + cents, 0),
      best: own.at(-1)?.product,
    };
  })
    .filter(({ sales: count }) => count > 0)
    .sort((a, b) => b.cents - a.cents);
  expect(expected.length).toBeGreaterThan(3);
  expect(report).toEqual(expected);
});
