import { cutRanges, type Range } from './ranges.ts';
import { behindSql, belowSql, fromSql, selectSql } from './read-sql.ts';
import { batchesOf, type Reading, type ReadingIo } from './reading.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { SourceStage } from './source-config.ts';
import type { SourceSql } from './source-dialect.ts';
import { type StageShape, shapeToRead } from './stage-shape.ts';

/** What is handed on of a range: rows up to this key, or all. */
interface RangePlace extends Range {
  after?: readonly string[] | undefined;
  isDone?: boolean | undefined;
}

/** Reads all rows once, in ranges of the first key column; within a range in order of the key, which is where it goes on. */
export class RangeReading implements Reading {
  readonly #stage: SourceStage;
  readonly #parallel: number;
  #ranges: RangePlace[] | undefined;

  constructor(stage: SourceStage, parallel: number) {
    this.#stage = stage;
    this.#parallel = parallel;
  }

  restore(saved: unknown): void {
    this.#ranges = (saved as { ranges?: RangePlace[] }).ranges;
  }

  save(): unknown {
    return { ranges: this.#ranges };
  }

  async run(io: ReadingIo): Promise<void> {
    let left: RangePlace[] = [];
    const stop = new AbortController();
    const all: ReadingIo = { ...io, signal: AbortSignal.any([io.signal, stop.signal]) };
    const readers = Array.from({ length: this.#parallel }, () => io.openSession());
    try {
      this.#ranges ??= await readers[0]!.persist(async (session) => {
        const shape = await shapeToRead(session, this.#stage);
        return (await cutRanges(session, shape, this.#parallel)).map((range) => ({ ...range }));
      });
      left = this.#ranges.filter(({ isDone }) => isDone !== true);
      const work = async (reader: SessionKeeper): Promise<void> => {
        for (let range = left.shift(); range !== undefined; range = left.shift()) {
          await this.#read(range, reader, all);
        }
      };
      await Promise.all(
        readers.map((reader) =>
          work(reader).catch((error: unknown) => {
            stop.abort(error);
            throw error;
          }),
        ),
      );
    } finally {
      for (const reader of readers) await reader[Symbol.asyncDispose]();
    }
  }

  async #read(range: RangePlace, reader: SessionKeeper, io: ReadingIo): Promise<void> {
    let after = range.after;
    await reader.persist(async (session, moved) => {
      const shape = await shapeToRead(session, this.#stage);
      const select = selectSql(session.sql, {
        relation: shape.relation,
        columns: shape.columns,
        where: conditions(session.sql, shape, range, after),
        order: shape.key,
      });
      const blocks = session.rows(select, shape.columns);
      const { schema, key: placed } = shape;
      for await (const { batch, place } of batchesOf(blocks, { schema, placed, clock: io.clock })) {
        after = place;
        moved();
        await io.hold({
          batch,
          handedOn() {
            range.after = place;
          },
        });
        io.signal.throwIfAborted();
        moved();
      }
    });
    await io.hold({
      batch: undefined,
      handedOn() {
        range.isDone = true;
        range.after = undefined;
      },
    });
  }
}

function conditions(
  sql: SourceSql,
  { key }: StageShape,
  { from, to }: Range,
  after: readonly string[] | undefined,
): readonly string[] {
  const [first] = key as [StageShape['key'][number]];
  const where: string[] = [];
  if (from !== undefined && after === undefined) {
    const condition = fromSql(sql, { column: first, text: from });
    // A null is in no range; the last one has it, so that it is seen and refused.
    where.push(
      to === undefined && first.nullable ? `(${condition} or ${sql.quoteName(first.name)} is null)` : condition,
    );
  }
  if (to !== undefined) where.push(belowSql(sql, { column: first, text: to }));
  if (after !== undefined)
    where.push(
      behindSql(
        sql,
        key.map((column, at) => ({ column, text: after[at]! })),
      ),
    );
  return where;
}
