import type { Socket } from 'node:net';
import type { ProcessorMetrics } from '@millrace/engine';
import type { Message } from './event-messages.ts';
import type { SinkStage } from './sink-stage.ts';

/** Bytes of a write. */
export const CHUNK_BYTES = 65_536;

export interface OutletOptions {
  readonly stage: SinkStage;
  readonly idleMs: number;
  /** How the other end is called in messages. */
  readonly place: string;
  /** It is connected to, and does not connect. */
  readonly isDialled: boolean;
  readonly metrics: ProcessorMetrics;
  /** These are done with, the oldest that were added. */
  readonly done: (messages: readonly Message[]) => void;
  readonly failed: (error: unknown) => void;
}

/** Where messages go that are to be sent, in order. */
export interface Outlet {
  add(message: Message): void;
  /** A connection, paused. */
  attach(socket: Socket): void;
}

/** So many messages from `from` on that a write of them is not larger than it should be; one at least. */
export function chunkEnd(messages: readonly Message[], from: number): number {
  let end = from;
  for (let bytes = 0; end < messages.length && bytes < CHUNK_BYTES; end++) bytes += messages[end]!.bytes.length;
  return end;
}

export const bytesOf = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes));
