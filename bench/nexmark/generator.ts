import { BATCH_ROWS_MAX, type Batch, type ColumnSchema, type ColumnValues, rowBatch } from '@millrace/engine';
import { auctionOfBid, type Bid, type Event, nameOfPerson, restOfBid, sellerOfAuction, T0, timeOf } from './events.ts';
import { PARALLELISM, type Workload } from './workloads.ts';

/** Makes the events of one source instance. */
export interface Generator {
  /** Events come in blocks of this size, dealt to the instances in turn. */
  readonly block: number;
  /**
   * A batch of at most `BATCH_ROWS_MAX` of this instance's events from number `from` on, below `limit`. `mayReuse`: arrays of the
   * batch before may be filled again.
   */
  make(from: number, limit: number, mayReuse: boolean): Batch;
}

/** The event of the same instance that follows `i`. */
export function following(i: number, block: number): number {
  return (i + 1) % block === 0 ? i + 1 + block * (PARALLELISM - 1) : i + 1;
}

/** The first event of the same instance after the `count` events from `from` on. */
export function after(from: number, count: number, block: number): number {
  const place = from % block;
  return from - place + Math.floor((place + count) / block) * block * PARALLELISM + ((place + count) % block);
}

/** How many events from `from` on, below `limit`, are this instance's. */
export function countBelow(from: number, limit: number, block: number): number {
  if (limit <= from) return 0;
  const start = from - (from % block);
  const round = block * PARALLELISM;
  const whole = Math.floor((limit - start) / round);
  return whole * block + Math.min(block, (limit - start) % round) - (from - start);
}

/** Columns are small: more of them make a batch. */
const COLUMN_ROWS_MAX = 4_096;

const BID: ColumnSchema = {
  fields: [
    { name: 'auction', type: 'int32' },
    { name: 'bidder', type: 'int32' },
    { name: 'price', type: 'int32' },
    { name: 'dateTime', type: 'float64' },
  ],
};

const EVENT: ColumnSchema = {
  fields: [
    { name: 'isPerson', type: 'boolean' },
    { name: 'id', type: 'int32' },
    { name: 'name', type: 'int32' },
    { name: 'seller', type: 'int32' },
    { name: 'dateTime', type: 'float64' },
  ],
};

export function generatorOf(workload: Workload, form: 'columns' | 'rows', isTimed: boolean): Generator {
  const isJoin = workload.pipeline === 'join' || workload.pipeline === 'join-counts';
  if (isJoin) return form === 'columns' ? eventColumns(workload) : eventRows(workload, isTimed);
  return form === 'columns' ? bidColumns(workload, isTimed) : bidRows(workload, isTimed);
}

function columnBatch(
  schema: ColumnSchema,
  columns: readonly ColumnValues[],
  length: number,
  times: Float64Array | undefined,
): Batch {
  let byteLength = 0;
  for (const column of columns) byteLength += (column as Int32Array).BYTES_PER_ELEMENT * length;
  return { kind: 'columns', length, byteLength, schema, columns, times };
}

function bidColumns({ keys, eventsPerSecond, pipeline }: Workload, isTimed: boolean): Generator {
  const isRolling = pipeline === 'rolling';
  let auctions = new Int32Array(0);
  let bidders = auctions;
  let prices = auctions;
  let times = new Float64Array(0);
  return {
    block: 1,
    make(from, limit, mayReuse) {
      const length = Math.min(COLUMN_ROWS_MAX, countBelow(from, limit, 1));
      if (!mayReuse || auctions.length < length) {
        auctions = new Int32Array(length);
        bidders = new Int32Array(length);
        prices = new Int32Array(length);
        times = new Float64Array(length);
      }
      if (isRolling) fillRolling(auctions, times, length, from, keys, eventsPerSecond);
      else fillBids(auctions, bidders, prices, times, length, from, keys, eventsPerSecond);
      return columnBatch(BID, [auctions, bidders, prices, times], length, isTimed ? times : undefined);
    },
  };
}

/** A function of its own with everything in locals: the generator must not be what is measured. */
function fillBids(
  auctions: Int32Array,
  bidders: Int32Array,
  prices: Int32Array,
  times: Float64Array,
  length: number,
  from: number,
  keys: number,
  eventsPerSecond: number,
): void {
  for (let at = 0, i = from; at < length; at++, i += PARALLELISM) {
    const rest = restOfBid(i);
    auctions[at] = auctionOfBid(i, keys);
    bidders[at] = rest & 0xffff;
    prices[at] = 100 + (rest >>> 16);
  }
  fillTimes(times, length, from, eventsPerSecond);
}

/** Runs of events have one time: it is computed once for each of them. */
function fillTimes(times: Float64Array, length: number, from: number, eventsPerSecond: number): void {
  let i = from;
  for (let at = 0; at < length; ) {
    const time = timeOf(i, eventsPerSecond);
    const next = Math.ceil(((time - T0 + 1) * eventsPerSecond) / 1_000);
    const count = Math.min(length - at, Math.ceil((next - i) / PARALLELISM));
    times.fill(time, at, at + count);
    at += count;
    i += count * PARALLELISM;
  }
}

function fillRolling(
  auctions: Int32Array,
  times: Float64Array,
  length: number,
  from: number,
  keys: number,
  eventsPerSecond: number,
): void {
  for (let at = 0, i = from; at < length; at++, i += PARALLELISM) {
    auctions[at] = i % keys;
    times[at] = timeOf(i, eventsPerSecond);
  }
}

function bidRows({ keys, eventsPerSecond, pipeline }: Workload, isTimed: boolean): Generator {
  const isRolling = pipeline === 'rolling';
  return {
    block: 1,
    make(from, limit) {
      const length = Math.min(BATCH_ROWS_MAX, countBelow(from, limit, 1));
      const rows = new Array<Bid>(length);
      for (let at = 0, i = from; at < length; at++, i += PARALLELISM) {
        const rest = isRolling ? 0 : restOfBid(i);
        const auction = isRolling ? i % keys : auctionOfBid(i, keys);
        const dateTime = timeOf(i, eventsPerSecond);
        rows[at] = { auction, bidder: rest & 0xffff, price: isRolling ? 0 : 100 + (rest >>> 16), dateTime };
      }
      return rowBatch(rows, undefined, isTimed ? timesOf(rows) : undefined);
    },
  };
}

function eventColumns({ eventsPerSecond }: Workload): Generator {
  return {
    block: 4,
    make(from, limit) {
      const length = Math.min(COLUMN_ROWS_MAX, countBelow(from, limit, 4));
      const [isPerson, ids] = [new Uint8Array(length), new Int32Array(length)];
      const [names, sellers, times] = [new Int32Array(length), new Int32Array(length), new Float64Array(length)];
      for (let at = 0, i = from; at < length; at++, i = following(i, 4)) {
        const g = Math.floor(i / 4);
        const place = i % 4;
        times[at] = timeOf(i, eventsPerSecond);
        if (place === 0) {
          isPerson[at] = 1;
          ids[at] = g;
          names[at] = nameOfPerson(g);
        } else {
          ids[at] = 3 * g + place - 1;
          sellers[at] = sellerOfAuction(g, ids[at]!);
        }
      }
      return columnBatch(EVENT, [isPerson, ids, names, sellers, times], length, times);
    },
  };
}

function eventRows({ eventsPerSecond }: Workload, isTimed: boolean): Generator {
  return {
    block: 4,
    make(from, limit) {
      const length = Math.min(BATCH_ROWS_MAX, countBelow(from, limit, 4));
      const rows = new Array<Event>(length);
      for (let at = 0, i = from; at < length; at++, i = following(i, 4)) {
        const g = Math.floor(i / 4);
        const place = i % 4;
        const dateTime = timeOf(i, eventsPerSecond);
        const id = place === 0 ? g : 3 * g + place - 1;
        rows[at] =
          place === 0
            ? { isPerson: true, id, name: nameOfPerson(g), seller: 0, dateTime }
            : { isPerson: false, id, name: 0, seller: sellerOfAuction(g, id), dateTime };
      }
      return rowBatch(rows, undefined, isTimed ? timesOf(rows) : undefined);
    },
  };
}

const timesOf = (rows: readonly { readonly dateTime: number }[]): Float64Array =>
  Float64Array.from(rows, (row) => row.dateTime);
