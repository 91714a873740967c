import type { JobIdentity } from '@millrace/connector-contract';
import rhea, { type Message } from 'rhea';
import type { SinkStage } from '../config.ts';
import type { Received } from '../server/receiving-link.ts';

/** Names a chunk of rows: which execution wrote it, and the how manieth of it it is (from 1). */
export interface ChunkId {
  readonly generation: number;
  readonly number: number;
}

export const NO_CHUNK: ChunkId = { generation: 0, number: 0 };

export const compareChunks = (a: ChunkId, b: ChunkId): number => a.generation - b.generation || a.number - b.number;

/** What the broker says of the job: which execution is its newest, and up to which chunk rows are at their addresses. */
export interface Progress {
  readonly generation: number;
  readonly committed: ChunkId;
}

export const compareProgress = (a: Progress, b: Progress): number =>
  a.generation - b.generation || compareChunks(a.committed, b.committed);

/** Marks a place of a queue, by a word that nothing else has. */
export interface Mark {
  readonly mark: string;
  readonly generation: number;
}

/** Queues that belong to the job alone. */
export const queueNames = ({ privateQueues }: SinkStage, { jobId, stage }: JobIdentity) => {
  const all = privateQueues ?? `millrace.${jobId}.${stage}`;
  return { waiting: `${all}.waiting`, progress: `${all}.progress` };
};

const encode = (message: Message): Buffer => rhea.message.encode({ durable: true, ...message });

export const encodeProgress = (progress: Progress): Buffer => encode({ body: JSON.stringify(progress) });

export const progressIn = ({ message }: Received): Progress => JSON.parse(message.body as string) as Progress;

export const encodeChunk = ({ generation, number }: ChunkId, bytes: Uint8Array): Buffer =>
  encode({ application_properties: { generation, number }, body: rhea.message.data_section(Buffer.from(bytes)) });

export const chunkIdIn = ({ message }: Received): ChunkId => message.application_properties as unknown as ChunkId;

export const bytesIn = ({ message }: Received): Uint8Array => (message.body as { readonly content: Buffer }).content;

export const encodeMark = ({ mark, generation }: Mark): Buffer =>
  encode({ application_properties: { mark, generation }, body: '' });

export function markIn({ message }: Received): Mark | undefined {
  const properties = message.application_properties as Mark | undefined;
  return properties?.mark === undefined ? undefined : properties;
}
