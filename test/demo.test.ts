import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../apps/cli/dist/main.js', import.meta.url));

it('the demo ends with an equal copy', async () => {
  const { stdout } = await run(process.execPath, [MAIN, 'demo', '--for', '8s'], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const output = stdout.trim().split('\n');
  expect(output.filter((line) => line.startsWith('curl -X POST'))).toHaveLength(3);
  expect(output.some((line) => /^RUNNING attempt 1 .* snapshot \d+/.test(line))).toBe(true);
  expect(output.at(-1)).toMatch(
    /^EQUAL at .*: customers 20,000 rows .*, products 5,000 rows .*, orders .*, order_lines .*/,
  );
}, 240_000);

it('says what is wrong with an option', async () => {
  await expect(run(process.execPath, [MAIN, 'demo', '--for', 'soon'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/"soon" is not a duration\n.*40s/),
  });
});
