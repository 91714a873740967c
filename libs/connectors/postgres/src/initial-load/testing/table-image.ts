import { comparePositions, FLAG_KEY_CHANGE, FLAG_LOADING, lsn, type Position } from '@millrace/formats';
import { type Field, type ReadableEvent, UNCHANGED } from '../../test-support/readable-events.ts';

export type Row = Readonly<Record<string, Field>>;

/** What a sink holds of some tables after the events it was given, and what it could not have lived with. */
export class TableImage {
  readonly violations: string[] = [];
  #tables: Map<string, Map<string, Row>>;
  readonly #keys: Readonly<Record<string, readonly string[]>>;
  readonly #isExact: boolean;
  #movedRow: Row | undefined;
  /** Highest position given, and what that was when the source was restarted: what is replayed up to there is known already. */
  #shown: Position = { commitLsn: lsn(0n), index: 0 };
  #replayedUpTo = this.#shown;

  /** @param keys columns of each table's key; without any, every row stays (inserts only). */
  constructor(keys: Readonly<Record<string, readonly string[]>>, isExact: boolean) {
    this.#keys = keys;
    this.#isExact = isExact;
    this.#tables = new Map(Object.keys(keys).map((table) => [table, new Map<string, Row>()]));
  }

  rows(table: string): ReadonlyMap<string, Row> {
    return this.#tables.get(table)!;
  }

  /** For `restore`: what a sink that shows nothing before the commit has shown. */
  save(): ReadonlyMap<string, ReadonlyMap<string, Row>> {
    return new Map(Array.from(this.#tables, ([table, rows]) => [table, new Map(rows)]));
  }

  restore(saved: ReadonlyMap<string, ReadonlyMap<string, Row>>): void {
    this.#tables = new Map(Array.from(saved, ([table, rows]) => [table, new Map(rows)]));
  }

  /** The source begins anew; as the upserting sinks do, an inexact one drops what it holds of tables that are not loading. */
  restarted(): void {
    this.#replayedUpTo = this.#shown;
  }

  apply(event: ReadableEvent): void {
    if (!this.#isExact && event.commitLsn !== undefined) {
      const position: Position = { commitLsn: lsn(event.commitLsn), index: event.index };
      if ((event.flags & FLAG_LOADING) === 0 && comparePositions(position, this.#replayedUpTo) <= 0) return;
      if (comparePositions(position, this.#shown) > 0) this.#shown = position;
    }
    const rows = this.#tables.get(event.table)!;
    if (event.op === 't') rows.clear();
    else if (event.op === 'd') this.#delete(rows, event);
    else this.#put(rows, event);
  }

  #delete(rows: Map<string, Row>, event: ReadableEvent): void {
    const id = this.#idOf(event.table, event.before!, rows);
    this.#movedRow = (event.flags & FLAG_KEY_CHANGE) === 0 ? undefined : rows.get(id);
    if (!rows.delete(id) && this.#isExact) this.violations.push(`${event.table}: d of unknown ${id}`);
  }

  #put(rows: Map<string, Row>, { op, table, after, flags }: ReadableEvent): void {
    const id = this.#idOf(table, after!, rows);
    const known =
      (flags & FLAG_KEY_CHANGE) !== 0 && op === 'c' ? this.#movedRow : op === 'u' ? rows.get(id) : undefined;
    if (this.#isExact && op === 'u' && !rows.has(id)) this.violations.push(`${table}: u of unknown ${id}`);
    if (this.#isExact && op !== 'u' && rows.has(id)) this.violations.push(`${table}: ${op} over ${id}`);
    const row: Record<string, Field> = { ...after! };
    for (const [name, value] of Object.entries(row)) {
      if (value !== UNCHANGED) continue;
      if (known === undefined) this.violations.push(`${table}: ${op} ${id} with a field nobody has`);
      row[name] = known?.[name] ?? null;
    }
    rows.set(id, row);
  }

  #idOf(table: string, row: Row, rows: ReadonlyMap<string, Row>): string {
    const key = this.#keys[table]!;
    return key.length === 0 ? `#${rows.size}` : key.map((name) => String(row[name])).join('|');
  }
}
