/** The events of the workloads and the checksum of their results, as the README specifies them. */

/** Origin of event time: milliseconds since 1970, a multiple of 10 s. */
export const T0 = 1_700_000_000_000;
const SALT = 0x9e3779b9 | 0;
/** An auction's seller is one of the newest persons. */
const SELLERS = 200_000;

/** MurmurHash3's 32-bit finaliser. */
export function mix32(hash: number): number {
  let h = hash;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
}

/** A person or an auction; what one of them has not is 0. */
export interface Event {
  readonly isPerson: boolean;
  readonly id: number;
  readonly name: number;
  readonly seller: number;
  readonly dateTime: number;
}

/** A remainder by multiplication: exact for 32-bit numbers, and three times as fast as `%`, which would be what is measured. */
export function auctionOfBid(i: number, keys: number): number {
  const h = mix32(i | 0) >>> 0;
  return h - Math.floor(h / keys) * keys;
}
/** `bidder` is its low half, `price - 100` its high half. */
export const restOfBid = (i: number): number => mix32((i | 0) ^ SALT);
export const timeOf = (i: number, eventsPerSecond: number): number => T0 + Math.floor((i * 1_000) / eventsPerSecond);
export const nameOfPerson = (id: number): number => mix32((id | 0) ^ SALT);
/** Of group `g`'s auction `id`. */
export const sellerOfAuction = (g: number, id: number): number => Math.max(0, g - ((mix32(id | 0) >>> 0) % SELLERS));

export const hashBid = (bid: Bid): number =>
  mix32((bid.auction + mix32((bid.bidder + mix32((bid.price + mix32((bid.dateTime - T0) | 0)) | 0)) | 0)) | 0);

/** Of (window end, key, count). */
export const hashWindow = (end: number, key: number, count: number): number =>
  mix32((key + mix32((count + mix32(((end - T0) / 1_000) | 0)) | 0)) | 0);

export const hashPair = (end: number, person: number, name: number, auction: number): number =>
  mix32((auction + mix32((person + mix32((name + mix32(((end - T0) / 1_000) | 0)) | 0)) | 0)) | 0);

export const hex = (checksum: number): string => (checksum >>> 0).toString(16).padStart(8, '0');
