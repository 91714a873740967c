import { setImmediate as turn } from 'node:timers/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { RowReader } from '../../upsert/row-reader.ts';
import type { TablePlan } from '../../upsert/table-plan.ts';
import { CopyText } from './copy-text.ts';

/** Bytes handed to the socket at a time: large enough to be cheap, small enough to encode in a fraction of a millisecond. */
const PIECE_BYTES = 131_072;
/** A buffer that one huge row has blown up is not kept. */
const KEEP_BYTES_MAX = 8 * PIECE_BYTES;

/** One line to copy. `old`: from the tuple before the change. */
export interface CopyLine {
  readonly event: number;
  readonly action: number | string;
  readonly old?: boolean;
}

type CopyStream = ReturnType<typeof copyFrom>;
interface Socket {
  readonly writableLength: number;
}

/** Sends rows with `COPY … FROM STDIN`. One at a time. */
export class RowCopier {
  readonly #client: pg.PoolClient;
  #text = new CopyText(PIECE_BYTES + PIECE_BYTES / 4);

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** Resolves when the server has taken all rows. @throws what the server or the socket says. */
  async copy(
    sql: string,
    count: number,
    line: (index: number) => CopyLine,
    plan: TablePlan,
    reader: RowReader,
  ): Promise<void> {
    const stream = this.#client.query(copyFrom(sql));
    let failure: Error | undefined;
    const finished = new Promise<void>((resolve, reject) => {
      stream.once('finish', resolve);
      stream.once('error', (error) => {
        failure = error;
        reject(error);
      });
    });
    finished.catch(() => {});
    const text = this.#text;
    text.used = 0;
    for (let index = 0; index < count && failure === undefined; index++) {
      const { event, action, old } = line(index);
      text.addRow(reader, event, action, plan, old);
      if (text.used >= PIECE_BYTES) await Promise.race([this.#write(stream), finished]);
    }
    // A failed COPY is over for the server: it waits for the next statement, and ends no stream.
    if (failure === undefined) {
      if (text.used > 0) stream.end(text.bytes.subarray(0, text.used));
      else stream.end();
    }
    await finished;
    this.#renew();
  }

  async #write(stream: CopyStream): Promise<void> {
    const text = this.#text;
    await new Promise<void>((resolve, reject) => {
      stream.write(text.bytes.subarray(0, text.used), (error) => (error ? reject(error) : resolve()));
    });
    await turn();
    this.#renew();
  }

  /** The socket may still hold the buffer: then it keeps it and the next rows go to a new one. */
  #renew(): void {
    const text = this.#text;
    const socket = (this.#client as unknown as { connection: { stream: Socket } }).connection.stream;
    if (socket.writableLength > 0 || text.bytes.length > KEEP_BYTES_MAX) {
      text.bytes = Buffer.allocUnsafeSlow(PIECE_BYTES + PIECE_BYTES / 4);
    }
    text.used = 0;
  }
}
