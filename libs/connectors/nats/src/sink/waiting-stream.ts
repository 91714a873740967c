import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { type JetStreamClient, jetstream, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { PreparedLost, serverError } from '../errors.ts';
import type { Server } from '../server/connect.ts';
import { waitingStream, waitingSubject, waitingSubjects } from './names.ts';

/** JetStream's code for a stream that is there already, set up otherwise. */
const STREAM_EXISTS = 10_058;

/** Chunks that are durable and wait for the commit, in a stream of the job's own. */
export class WaitingStream {
  readonly #server: Server;
  readonly #job: JobIdentity;
  readonly #client: JetStreamClient;
  /** Tells this stream from one that was made anew. */
  epoch = '';

  constructor(server: Server, job: JobIdentity) {
    this.#server = server;
    this.#job = job;
    this.#client = jetstream(server.connection);
  }

  /** Makes it where it is not there. @param replicas of the target */
  async open(replicas: number): Promise<void> {
    const { streams } = this.#server.manager;
    const name = waitingStream(this.#job);
    try {
      const made = await streams
        .add({
          name,
          subjects: [waitingSubjects(this.#job)],
          retention: RetentionPolicy.Limits,
          storage: StorageType.File,
          num_replicas: replicas,
          description: `Rows of job ${this.#job.jobName} that wait for the next snapshot`,
        })
        .catch((error: unknown) => {
          if ((error as { readonly code?: number }).code === STREAM_EXISTS) return streams.info(name);
          throw error;
        });
      this.epoch = made.created;
    } catch (error) {
      throw serverError(error, `make stream ${name}`);
    }
  }

  /** @returns sequence of the chunk */
  async add(writer: number, bytes: Uint8Array): Promise<number> {
    const subject = waitingSubject(this.#job, writer);
    const expect = { streamName: waitingStream(this.#job) };
    try {
      return (await this.#server.answer(this.#client.publish(subject, bytes, { expect }))).seq;
    } catch (error) {
      throw serverError(error, `write rows to ${subject}`);
    }
  }

  /** @throws MillraceError `nats.prepared_lost` */
  async read(chunk: number): Promise<Uint8Array> {
    const name = waitingStream(this.#job);
    const found = await this.#server.manager.streams.getMessage(name, { seq: chunk }).catch((error: unknown) => {
      throw serverError(error, `read rows of ${name}`);
    });
    if (found !== null) return found.data;
    throw preparedLost(name, chunk);
  }

  /** Removes chunks of a writer, all or those up to one. */
  async remove(writer: number, upTo?: number): Promise<void> {
    const filter = waitingSubject(this.#job, writer);
    const options = upTo === undefined ? { filter } : { filter, seq: upTo + 1 };
    await this.#server.manager.streams.purge(waitingStream(this.#job), options).catch((error: unknown) => {
      throw serverError(error, `remove rows of ${filter}`);
    });
  }
}

export const preparedLost = (stream: string, chunk: number): MillraceError =>
  new MillraceError(PreparedLost, {
    message: `rows that snapshot and commit need are gone: message ${chunk} of stream ${stream}`,
    mend: 'Somebody removed them or the stream. Start the job anew with an initial load.',
  });
