import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { testRedis } from '@millrace/testing';
import type { CrashPoint } from '../../test/crash-child.ts';
import { FileCatalog } from '../../test/file-catalog.ts';
import { shown, upTo } from '../../test/shown.ts';

const CHILD = fileURLToPath(new URL('../../test/crash-child.ts', import.meta.url));
const COUNT = 6_000;

/** Runs the job in a process of its own; resolves with the signal that ended it, or the end it reached. */
async function runChild(directory: string, redisUrl: string, crashAt: CrashPoint): Promise<string> {
  const args = ['--conditions=source', CHILD, directory, redisUrl, crashAt, String(COUNT)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? `${output}${code === 0 ? '' : ` (exit code ${code})`}`;
}

describe('a member killed with SIGKILL', () => {
  it('INV-2 at any step of a snapshot: no number is lost, none is shown or counted twice', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
    try {
      const { url } = await testRedis();
      const points = ['before-record', 'after-record', 'after-witness', 'in-phase-two'] as const;
      for (const point of [...points, ...points.toReversed()]) {
        expect(`${point}: ${await runChild(directory, url, point)}`).toBe(`${point}: SIGKILL`);
        for (const sink of ['left', 'right'] as const) {
          const numbers = shown(directory, sink);
          expect(numbers).toEqual(upTo(numbers.length));
        }
      }
      expect(await runChild(directory, url, 'nowhere')).toBe('completed');
      expect(shown(directory, 'left')).toEqual(upTo(COUNT));
      expect(shown(directory, 'right')).toEqual(upTo(COUNT));
      const { counts } = new FileCatalog(directory, undefined as never).job;
      const none = { deadLetters: 0, skippedRows: 0, lateRows: 0 };
      expect(counts).toEqual([
        { vertex: 'numbers', rowsIn: 0, rowsOut: COUNT, ...none },
        { vertex: 'left', rowsIn: COUNT, rowsOut: 0, ...none },
        { vertex: 'right', rowsIn: COUNT, rowsOut: 0, ...none },
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
