import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Numbers that a sink of the counting DAG shows, in the order of its snapshots. */
export function shown(directory: string, sink: 'left' | 'right'): number[] {
  return readdirSync(directory)
    .filter((file) => file.startsWith(sink) && file.endsWith('.shown'))
    .sort()
    .flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map(Number);
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
