import {
  auctionOfBid,
  hashBid,
  hashPair,
  hashWindow,
  hex,
  mix32,
  nameOfPerson,
  restOfBid,
  sellerOfAuction,
  T0,
  timeOf,
} from './events.ts';
import { SLIDE_MS, WINDOW_MS, type Workload } from './workloads.ts';

/** What a workload has to come to. */
export interface Outcome {
  readonly outputs: number;
  /** Of the counts, in the window workloads. */
  readonly sum: number;
  readonly checksum: string;
}

/** The outcome of a workload, computed without any engine. */
export function referenceOf(workload: Workload): Outcome {
  const { n, keys, eventsPerSecond } = workload;
  switch (workload.pipeline) {
    case 'stateless':
      return stateless(n, keys, eventsPerSecond);
    case 'window':
      return slidingCounts(n, keys, eventsPerSecond);
    case 'join':
      return join(n, eventsPerSecond, true);
    case 'join-counts':
      return join(n, eventsPerSecond, false);
    case 'rolling':
      return rolling(n, keys);
  }
}

function stateless(n: number, keys: number, eventsPerSecond: number): Outcome {
  let checksum = 0;
  let outputs = 0;
  for (let i = 0; i < n; i++) {
    const auction = auctionOfBid(i, keys);
    if (auction % 123 !== 0) continue;
    const rest = restOfBid(i);
    const price = Math.floor(((100 + (rest >>> 16)) * 908) / 1_000);
    checksum =
      (checksum + hashBid({ auction, bidder: rest & 0xffff, price, dateTime: timeOf(i, eventsPerSecond) })) | 0;
    outputs += 1;
  }
  return { outputs, sum: 0, checksum: hex(checksum) };
}

function slidingCounts(n: number, keys: number, eventsPerSecond: number): Outcome {
  const frames: Int32Array[] = [];
  for (let i = 0; i < n; i++) {
    const frame = Math.floor((timeOf(i, eventsPerSecond) - T0) / SLIDE_MS);
    frames[frame] ??= new Int32Array(keys);
    frames[frame]![auctionOfBid(i, keys)]! += 1;
  }
  const framesPerWindow = WINDOW_MS / SLIDE_MS;
  const counts = new Int32Array(keys);
  let [checksum, outputs, sum] = [0, 0, 0];
  for (let frame = 0; frame < frames.length + framesPerWindow - 1; frame++) {
    const [entering, leaving] = [frames[frame], frames[frame - framesPerWindow]];
    const end = T0 + (frame + 1) * SLIDE_MS;
    for (let key = 0; key < keys; key++) {
      const count = counts[key]! + (entering?.[key] ?? 0) - (leaving?.[key] ?? 0);
      counts[key] = count;
      if (count === 0) continue;
      checksum = (checksum + hashWindow(end, key, count)) | 0;
      outputs += 1;
      sum += count;
    }
  }
  return { outputs, sum, checksum: hex(checksum) };
}

function join(n: number, eventsPerSecond: number, isPairs: boolean): Outcome {
  let [checksum, outputs, sum] = [0, 0, 0];
  let names = new Map<number, number>();
  let auctions: { readonly id: number; readonly seller: number }[] = [];
  const close = (end: number): void => {
    const counts = new Map<number, number>();
    for (const { id, seller } of auctions) {
      const name = names.get(seller);
      if (name === undefined) continue;
      if (isPairs) {
        checksum = (checksum + hashPair(end, seller, name, id)) | 0;
        outputs += 1;
      } else {
        counts.set(seller, (counts.get(seller) ?? 0) + 1);
      }
    }
    for (const [person, count] of counts) {
      checksum = (checksum + hashWindow(end, person, count)) | 0;
      outputs += 1;
      sum += count;
    }
    names = new Map();
    auctions = [];
  };
  let end = T0 + WINDOW_MS;
  for (let i = 0; i < n; i++) {
    if (timeOf(i, eventsPerSecond) >= end) {
      close(end);
      end += WINDOW_MS;
    }
    const g = Math.floor(i / 4);
    const place = i % 4;
    if (place === 0) {
      names.set(g, nameOfPerson(g));
    } else {
      const id = 3 * g + place - 1;
      auctions.push({ id, seller: sellerOfAuction(g, id) });
    }
  }
  close(end);
  return { outputs, sum, checksum: hex(checksum) };
}

/** The checksum is of (key, final count). */
function rolling(n: number, keys: number): Outcome {
  return { outputs: n, sum: n, checksum: countsChecksum(new Int32Array(keys).fill(n / keys)) };
}

export function countsChecksum(counts: Int32Array): string {
  let checksum = 0;
  for (let key = 0; key < counts.length; key++) checksum = (checksum + mix32((key + mix32(counts[key]!)) | 0)) | 0;
  return hex(checksum);
}
