import type { Lsn } from '@millrace/formats';
import type { HeldEvent } from './contract.ts';
import type { PgSnapshot } from './pg-snapshot.ts';
import type { Key } from './table-key.ts';

/** A kept change: one event, or the two halves of a key change. */
export interface HeldChange {
  readonly event: HeldEvent;
  readonly created: HeldEvent | undefined;
}

/** The snapshot a unit was read with, and a WAL position that no transaction it sees commits at or above. */
export interface ReadMark {
  readonly snapshot: PgSnapshot;
  readonly position: Lsn;
}

/**
 * A part of a table that is read in one piece.
 * `todo`: not begun. `reading`: its rows are on the way, changes they do not have are kept. `read`: changes are judged by `mark`.
 * `passed`: the stream is beyond everything its rows have, nothing is judged any more.
 */
export interface LoadUnit {
  state: 'todo' | 'reading' | 'read' | 'passed';
  /** A connection is about to read it. */
  isClaimed: boolean;
  mark: ReadMark | undefined;
  held: HeldChange[];
}

/** Keys from `from` up to, and without, `to`; `undefined` is the end of the key space. */
export interface LoadRange extends LoadUnit {
  readonly from: Key | undefined;
  readonly to: Key | undefined;
}

/** One key, read apart from the range around it. */
export interface LoadPoint extends LoadUnit {
  readonly key: Key;
}

export const todoUnit = (): LoadUnit => ({ state: 'todo', isClaimed: false, mark: undefined, held: [] });

/** Forgets that the unit was read. */
export function resetUnit(unit: LoadUnit): void {
  unit.state = 'todo';
  unit.mark = undefined;
}

/** Not begun, and nobody is about to. */
export const isFree = (unit: LoadUnit): boolean => unit.state === 'todo' && !unit.isClaimed;

/** The unit is passed when the stream is at `position`; `true` when that is news. */
export function markPassed(unit: LoadUnit, position: Lsn): boolean {
  if (unit.state !== 'read' || unit.mark!.position > position) return false;
  unit.state = 'passed';
  unit.mark = undefined;
  return true;
}

/** Least position at which one of the units that were read is passed. */
export function leastMarkOf(units: Iterable<LoadUnit>): Lsn | undefined {
  let least: Lsn | undefined;
  for (const { state, mark } of units) {
    if (state === 'read' && (least === undefined || mark!.position < least)) least = mark!.position;
  }
  return least;
}
