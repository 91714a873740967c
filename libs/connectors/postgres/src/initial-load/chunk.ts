import type { LoadOutput } from './contract.ts';
import type { CopyRows } from './copy-rows.ts';
import { tupleBytesMax, writeTuple } from './copy-tuple.ts';
import type { LoadTable } from './load-table.ts';
import type { LoadUnit } from './load-unit.ts';

/** The rows of units that are being read, on their way from the socket to the output. */
export class Chunk {
  readonly table: LoadTable;
  readonly units: readonly LoadUnit[];
  /** Resolves when all rows have been emitted, or will not be. */
  readonly emitted: Promise<void>;
  readonly #schema: LoadTable['schema'];
  readonly #rows: CopyRows;
  #resolve!: () => void;

  constructor(table: LoadTable, units: readonly LoadUnit[], rows: CopyRows) {
    this.table = table;
    this.units = units;
    this.#schema = table.schema;
    this.#rows = rows;
    this.emitted = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Emits rows while there is room, and returns how many; `isEmitted` tells whether they were the last. */
  pump(out: LoadOutput): number {
    const rows = this.#rows;
    const { frames } = rows;
    const { fieldCount } = this.#schema;
    let count = 0;
    while (!out.isFull && rows.next()) {
      const { bytes, start, end } = frames;
      const target = out.reserveRow(tupleBytesMax(end - start, fieldCount));
      out.endRow(this.#schema, writeTuple(bytes, start, end, target, out.rowStart, fieldCount));
      count++;
    }
    if (rows.isWalked) this.#resolve();
    return count;
  }

  /** Nobody will emit the rest: who waits for it goes on. */
  abandon(): void {
    this.#resolve();
  }

  get isEmitted(): boolean {
    return this.#rows.isWalked;
  }
}
