import { formatLsn, type Lsn, parseLsn } from '@millrace/formats';
import { type LoadPoint, type LoadRange, type LoadUnit, type ReadMark, todoUnit } from './load-unit.ts';
import { PgSnapshot } from './pg-snapshot.ts';
import { RangeMap } from './range-map.ts';
import type { Key, TableKey } from './table-key.ts';

/** `todo`, `passed`, or what it was read with: pg_snapshot and LSN. */
type UnitSave = 'todo' | 'passed' | readonly [snapshot: string, position: string];

/** One loading table in the job's state; plain JSON. Units under way are never saved. */
export interface TableSave {
  /** Upper end (null: of the key space) and state of each range, in key order. */
  readonly ranges: readonly (readonly [to: readonly string[] | null, state: UnitSave])[];
  readonly points: readonly (readonly [key: readonly string[], state: UnitSave])[];
  readonly xids: readonly number[];
}

export function saveTable(
  ranges: readonly LoadRange[],
  points: Iterable<LoadPoint>,
  xids: Iterable<number>,
): TableSave {
  return {
    ranges: ranges.map((range) => [range.to?.texts ?? null, saveUnit(range)] as const),
    points: Array.from(points, (point) => [point.key.texts, saveUnit(point)] as const),
    xids: [...xids],
  };
}

export function restoreRanges(key: TableKey, saved: TableSave): RangeMap {
  let from: Key | undefined;
  return new RangeMap(
    saved.ranges.map(([end, state]): LoadRange => {
      const to = end === null ? undefined : key.ofTexts(end);
      const range = { ...restoreUnit(state), from, to };
      from = to;
      return range;
    }),
  );
}

export function restorePoints(key: TableKey, saved: TableSave): readonly LoadPoint[] {
  return saved.points.map(([texts, state]) => ({ ...restoreUnit(state), key: key.ofTexts(texts) }));
}

function saveUnit({ state, mark }: LoadUnit): UnitSave {
  return state === 'read' ? [mark!.snapshot.text, formatLsn(mark!.position)] : state === 'passed' ? 'passed' : 'todo';
}

function restoreUnit(state: UnitSave): LoadUnit {
  if (state === 'todo') return todoUnit();
  if (state === 'passed') return { ...todoUnit(), state };
  const mark: ReadMark = { snapshot: PgSnapshot.parse(state[0]), position: parseLsn(state[1]) as Lsn };
  return { ...todoUnit(), state: 'read', mark };
}
