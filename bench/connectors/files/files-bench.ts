import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { filesSource } from '@millrace/connector-files';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';
import { drainSource } from '../drain-source.ts';

const LINES = 2_000_000;
const LINES_AT_ONCE = 10_000;
const READ_BYTES = 524_288;
const LINE_FEED = 0x0a;

async function writeLines(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  for (let at = 0; at < count; at += LINES_AT_ONCE) {
    let text = '';
    for (let id = at; id < at + LINES_AT_ONCE; id++)
      text += `{"id":${id},"customer":"customer ${id % 9_973}","amount":"${id % 500}.25","note":"as ordered by telephone"}\n`;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

const timed = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
};

/** Each line as a string, and nothing done with it. */
async function splitLines(path: string): Promise<number> {
  let count = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      if (bytes.toString('utf8', from, end).length > 0) count += 1;
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
  return count;
}

async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const path = join(directory, 'a.ndjson');
    const lines = Math.max(1, Math.round((LINES * scale) / LINES_AT_ONCE)) * LINES_AT_ONCE;
    await writeLines(path, lines);
    const megabytes = statSync(path).size / 1_000_000;
    const stages = {
      text: { format: 'text' },
      ndjson: {
        format: 'ndjson',
        columns: { id: 'integer', customer: 'text', amount: 'numeric', note: 'text' },
        key: ['id'],
      },
    };
    const yardsticks = {
      cat: () => execFileSync('/bin/sh', ['-c', `cat "${path}" > /dev/null`]),
      'lines in Node': () => splitLines(path),
    };
    const comparisons: Comparison[] = [];
    for (const [name, stage] of Object.entries(stages)) {
      const options = { files: '*', table: 'public.t', follow: false, ...stage };
      for (const [yardstick, theirs] of Object.entries(yardsticks)) {
        const result = await alternate(
          `source ${name}, ${yardstick}`,
          rounds,
          async () => lines / (await timed(() => drainSource(filesSource, { directory }, options, lines))),
          async () => lines / (await timed(theirs)),
        );
        const perSecond = (rows: number): number => Math.round((rows * megabytes) / lines);
        comparisons.push({
          name: `source ${name}`,
          yardstick,
          unit: 'MB/s',
          ours: perSecond(result.ours),
          theirs: perSecond(result.yardstick),
          ratio: Math.round(result.ratio * 1_000) / 1_000,
        });
      }
    }
    return comparisons;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const filesBench: ConnectorBench = { connector: 'files', run };
