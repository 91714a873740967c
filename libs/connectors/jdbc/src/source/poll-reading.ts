import { TupleCursor } from '@millrace/formats';
import { assert, MillraceError, parseDurationMs } from '@millrace/kernel';
import { WatermarkUnfit } from '../errors.ts';
import { distanceOf, numberOf, textOf } from './ordered-value.ts';
import { RecentRows, rowHash } from './overlap.ts';
import { behindSql, fromSql, selectSql } from './read-sql.ts';
import { batchesOf, type Reading, type ReadingIo } from './reading.ts';
import type { SourceStage } from './source-config.ts';
import type { SourceColumn, SourceSession, SourceSql } from './source-dialect.ts';
import { shapeToRead } from './stage-shape.ts';

interface SavedPoll {
  /** Watermark and key of the last row handed on. */
  readonly after?: readonly string[] | undefined;
  readonly recent: readonly (readonly [string, string])[];
}

/**
 * Looks again and again for rows behind the last one in the order of watermark and key. With an overlap, each look begins before it and
 * leaves out the rows that it knows.
 */
export class PollReading implements Reading {
  readonly #stage: SourceStage;
  readonly #recent = new RecentRows();
  #after: readonly string[] | undefined;

  constructor(stage: SourceStage) {
    this.#stage = stage;
  }

  restore(saved: unknown): void {
    const { after, recent } = saved as SavedPoll;
    this.#after = after;
    this.#recent.restore(recent);
  }

  save(): SavedPoll {
    return { after: this.#after, recent: this.#recent.save() };
  }

  async run(io: ReadingIo): Promise<void> {
    const pollMs = parseDurationMs(this.#stage.poll)!;
    await using reader = io.openSession();
    for (;;) {
      await reader.persist(async (session, moved) => {
        // What is known of the rows is right only when all of them are handed on.
        await io.drained();
        await this.#look(session, io, moved);
      });
      await io.drained();
      await io.clock.sleep(pollMs, io.signal);
    }
  }

  async #look(session: SourceSession, io: ReadingIo, moved: () => void): Promise<void> {
    const shape = await shapeToRead(session, this.#stage);
    const { watermark, schema } = shape;
    assert(watermark !== undefined, 'a polled stage has a watermark');
    const placed = [watermark, ...shape.key.filter(({ name }) => name !== watermark.name)];
    const distance = distanceOf(watermark, this.#stage.overlap ?? 0)!;
    const least = distance === 0n ? undefined : this.#least(watermark, distance);
    if (least !== undefined) this.#recent.keepFrom(least);
    const select = selectSql(session.sql, {
      relation: shape.relation,
      columns: shape.columns,
      where: [this.#where(session.sql, placed, least)],
      order: placed,
    });
    let fresh: (readonly [string, bigint])[] = [];
    const cursor = new TupleCursor();
    const accepts = (bytes: Buffer, start: number, end: number): boolean => {
      const row = rowHash(bytes.subarray(start, end));
      if (this.#recent.has(row)) return false;
      cursor.read(bytes, start);
      const at = cursor.starts[watermark.field]!;
      fresh.push([
        row,
        counted(watermark, bytes.toString('utf8', at, at + cursor.lengths[watermark.field]!), this.#stage),
      ]);
      return true;
    };
    const options = { schema, placed, clock: io.clock, accepts: distance === 0n ? undefined : accepts };
    for await (const { batch, place } of batchesOf(session.rows(select, shape.columns), options)) {
      const rows = fresh;
      fresh = [];
      moved();
      await io.hold({
        batch,
        handedOn: () => {
          this.#after = place;
          if (rows.length === 0) return;
          this.#recent.add(rows);
          this.#recent.keepFrom(this.#least(watermark, distance)!);
        },
      });
      io.signal.throwIfAborted();
      moved();
    }
  }

  /** Where a look begins. */
  #least(watermark: SourceColumn, distance: bigint): bigint | undefined {
    return this.#after === undefined ? undefined : counted(watermark, this.#after[0]!, this.#stage) - distance;
  }

  #where(sql: SourceSql, placed: readonly SourceColumn[], least: bigint | undefined): string {
    const [watermark] = placed as [SourceColumn];
    if (least !== undefined) return fromSql(sql, { column: watermark, text: textOf(watermark, least) });
    const after = this.#after;
    if (after === undefined) return `${sql.quoteName(watermark.name)} is not null`;
    return behindSql(
      sql,
      placed.map((column, at) => ({ column, text: after[at]! })),
    );
  }
}

/** @throws MillraceError `jdbc.watermark_unfit`: infinity, or a year before 1. */
function counted(watermark: SourceColumn, text: string, { table }: SourceStage): bigint {
  const value = numberOf(watermark, text);
  if (value !== undefined) return value;
  throw new MillraceError(WatermarkUnfit, {
    message: `a row of ${table} has ${JSON.stringify(text)} in "${watermark.name}": no overlap can be subtracted from it`,
    mend: 'Repair the row, or leave it out by a query.',
    pointer: '/watermark',
    details: { table, column: watermark.name },
  });
}
