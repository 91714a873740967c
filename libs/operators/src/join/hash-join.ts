import type { ProcessorSupplier, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import { RowProcessor } from '../keyed/row-processor.ts';
import { StateTooLarge } from '../window/errors.ts';
import { JoinTable } from './join-table.ts';

/** One bounded side of a hash join. */
export interface JoinSide {
  /** Key that a row of the stream is looked up by. */
  readonly leftKeyOf: KeyOf;
  readonly rightKeyOf: KeyOf;
  /** `inner`: a row of the stream without a match here is dropped. `left`: it goes on with `undefined`. */
  readonly kind: 'inner' | 'left';
}

export interface HashJoinOptions {
  /** By input, from ordinal 1 on; ordinal 0 is the stream. */
  readonly sides: readonly JoinSide[];
  /** What a row of the stream and one match of each side make. */
  // biome-ignore lint/suspicious/noExplicitAny: the rows are the stages'
  readonly join: (row: any, ...matches: any[]) => unknown;
  readonly mode?: LoopMode | undefined;
}

/** Bytes of a row in a table, where measuring would cost more than it saves. */
const ROW_BYTES_ESTIMATE = 256;

/**
 * Looks rows of a stream up in tables of the bounded sides, which every instance holds as a whole (broadcast) and has read to their end
 * before the first row of the stream. A row goes on once for each combination of matches. The tables are part of the snapshot.
 */
export function hashJoin(options: HashJoinOptions): ProcessorSupplier {
  return () => new HashJoin(options);
}

class HashJoin extends RowProcessor {
  readonly #options: HashJoinOptions;
  readonly #tables: readonly JoinTable[];
  #unwritten: { readonly table: JoinTable; readonly size: number }[] = [];

  constructor(options: HashJoinOptions) {
    super(1 + options.sides.length, options.mode);
    this.#options = options;
    this.#tables = options.sides.map(({ rightKeyOf }, index) => new JoinTable(`side-${index}-`, rightKeyOf));
  }

  protected override receive(ordinal: number, row: unknown, timeMs: number): void {
    if (ordinal > 0) this.#tables[ordinal - 1]!.add(row);
    else this.#match(row, timeMs, []);
  }

  #match(row: unknown, timeMs: number, matches: readonly unknown[]): void {
    const side = this.#options.sides[matches.length];
    if (side === undefined) {
      const { join } = this.#options;
      this.output.add(join(row, ...matches), timeMs);
      return;
    }
    const found = this.#tables[matches.length]!.find(side.leftKeyOf(row));
    if (found !== undefined) for (const each of found) this.#match(row, timeMs, [...matches, each]);
    else if (side.kind === 'left') this.#match(row, timeMs, [...matches, undefined]);
  }

  protected override checkSize(): void {
    const { stateBytesMax, metrics, vertex } = this.context;
    const rows = this.#tables.reduce((sum, { size }) => sum + size, 0);
    const bytes = rows * ROW_BYTES_ESTIMATE;
    metrics.set('stateBytes', bytes);
    if (stateBytesMax === undefined || bytes <= stateBytesMax) return;
    throw new MillraceError(StateTooLarge, {
      message: `the tables that ${vertex} joins with have about ${bytes} bytes (${rows} rows), more than the ${stateBytesMax} they may have`,
      mend: 'Filter the bounded side, keep only the columns that are needed, or raise the limit on state.',
      details: { vertex, bytes, limit: stateBytesMax },
    });
  }

  /** Every instance has the same tables at a barrier: the first one saves them for all. */
  saveSnapshot(): boolean {
    if (this.context.globalIndex === 0) this.#unwritten = this.#tables.map((table) => ({ table, size: table.size }));
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    for (;;) {
      const next = this.#unwritten[0];
      if (next === undefined) return true;
      if (!next.table.write(next.size, writer)) return false;
      this.#unwritten.shift();
    }
  }

  restoreSnapshot(saved: SnapshotEntry): void {
    for (const table of this.#tables) table.restore(saved);
  }

  restoreFinished(): void {
    for (const table of this.#tables) table.restoreFinished();
  }
}
