import type { Manifest } from '../sink/prepared.ts';

/** An object that readers have to read. */
export interface LiveObject extends Omit<Manifest['objects'][number], 'table'> {
  readonly table: Manifest['tables'][number];
}

/** Fewer are not worth a compaction. */
export const MERGED_MIN = 8;
const MERGED_MAX = 256;

const slash = (key: string): number => key.lastIndexOf('/');
/** Folder, shape and format: only objects that have all of these in common can become one. */
const groupOf = ({ key, table }: LiveObject): string =>
  `${key.slice(0, slash(key))}\n${key.slice(slash(key)).replace(/^[^.]*/, '')}\n${JSON.stringify(table)}`;

/**
 * Objects that should become one: neighbours in a folder, of one shape, together at most `targetBytes`. The largest has at most half of it, so that
 * each row is written again a logarithmic number of times.
 * @param objects smaller ones, in their order
 */
export function chooseRuns(objects: readonly LiveObject[], targetBytes: number): readonly (readonly LiveObject[])[] {
  const groups = Map.groupBy(objects, groupOf);
  return [...groups.values()].flatMap((group) => {
    const run = chooseRun(group, targetBytes);
    return run === undefined ? [] : [run];
  });
}

function chooseRun(objects: readonly LiveObject[], targetBytes: number): readonly LiveObject[] | undefined {
  for (let start = 0; start + MERGED_MIN <= objects.length; start++) {
    let [sum, largest, end] = [0, 0, start];
    for (; end < objects.length && end < start + MERGED_MAX && sum + objects[end]!.bytes <= targetBytes; end++) {
      sum += objects[end]!.bytes;
      largest = Math.max(largest, objects[end]!.bytes);
    }
    if (end - start >= MERGED_MIN && largest * 2 <= sum) return objects.slice(start, end);
  }
  return undefined;
}
