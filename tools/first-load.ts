import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FIRST_SCREEN = 'src/overview/overview-page.tsx';

interface Chunk {
  readonly file: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
}

/** Files of a built dashboard that a visit of its first screen loads. */
function firstLoad(manifest: Readonly<Record<string, Chunk>>): ReadonlySet<string> {
  const files = new Set<string>(['index.html', 'colour-scheme.js']);
  const seen = new Set<string>();
  const add = (key: string): void => {
    const chunk = manifest[key];
    if (chunk === undefined || seen.has(key)) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    chunk.imports?.forEach(add);
  };
  add('index.html');
  add(FIRST_SCREEN);
  return files;
}

/** Bytes with gzip of what a first visit of the dashboard built in `folder` loads. */
export function firstLoadBytes(folder: string): number {
  const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
  return [...firstLoad(manifest)].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0);
}
