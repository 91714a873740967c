import { type JobIdentity, messagesOfChunk } from '@millrace/connector-contract';
import { type IdSource, MillraceError } from '@millrace/kernel';
import { Fenced, ServerRefused, serverError } from '../errors.ts';
import type { Server } from '../server/connect.ts';
import { type BatchMessage, BatchRefused, publishAtomically } from './atomic-batch.ts';
import { progressSubject } from './names.ts';

/** JetStream's code for an expected sequence that was another. */
const WRONG_LAST_SEQUENCE = [10_071, 10_164];

const TRIES_MAX = 10;

/** What the stream says of one writer: which execution is its newest, and up to where its chunks are in the stream. */
export interface Progress {
  readonly generation: number;
  /** Of the stream of waiting chunks: a newer one counts anew. */
  readonly epoch: string;
  /** Sequence of the newest committed chunk there; 0: none. */
  readonly chunk: number;
}

interface Known extends Progress {
  /** Of the message that says so. */
  readonly sequence: number;
}

/**
 * The stream that readers see, as one execution writes it. Each chunk goes there as one atomic batch together with a message that says so; that one expects
 * the one before it to be the last of its subject. So a batch counts once, and not at all after a newer execution has written that subject.
 */
export class TargetStream {
  readonly #server: Server;
  readonly #stream: string;
  readonly #job: JobIdentity;
  readonly #generation: number;
  readonly #ids: IdSource;
  readonly #known = new Map<number, Known>();

  constructor(
    server: Server,
    { stream, job, generation, ids }: { stream: string; job: JobIdentity; generation: number; ids: IdSource },
  ) {
    this.#server = server;
    this.#stream = stream;
    this.#job = job;
    this.#generation = generation;
    this.#ids = ids;
  }

  /**
   * From now on older executions can write nothing as this writer.
   * @returns what was there before; `undefined`: nothing
   * @throws MillraceError `nats.fenced`
   */
  async claim(writer: number, epoch: string): Promise<Progress | undefined> {
    for (let tries = 1; ; tries++) {
      const found = await this.#find(writer);
      if (found !== undefined && found.generation > this.#generation) throw this.#fenced(found.generation);
      const next = { generation: this.#generation, epoch: found?.epoch ?? epoch, chunk: found?.chunk ?? 0 };
      try {
        await this.#write(writer, [], next, found?.sequence ?? 0);
        return found;
      } catch (error) {
        // The execution before may be at its last commit.
        if (!(error instanceof MillraceError && error.code === Fenced) || tries === TRIES_MAX) throw error;
      }
    }
  }

  /** @throws MillraceError `nats.fenced` when a newer execution has begun */
  async check(writer: number): Promise<void> {
    const found = await this.#find(writer);
    if (found !== undefined && found.generation > this.#generation) throw this.#fenced(found.generation);
  }

  /** Shows the messages of a chunk. @throws MillraceError `nats.fenced` */
  async show(
    writer: number,
    { epoch, chunk, bytes }: { epoch: string; chunk: number; bytes: Uint8Array },
  ): Promise<void> {
    const { sequence } = this.#known.get(writer)!;
    const messages = messagesOfChunk(bytes).map(({ address, op, body }) => ({
      subject: address,
      body,
      headers: { 'Millrace-Op': op },
    }));
    await this.#write(writer, messages, { generation: this.#generation, epoch, chunk }, sequence);
  }

  /** Removes what was said of a writer before the last time. */
  async forget(writer: number): Promise<void> {
    const filter = progressSubject(this.#stream, this.#job, writer);
    await this.#server.manager.streams.purge(this.#stream, { filter, keep: 1 }).catch((error: unknown) => {
      throw serverError(error, `remove old messages of ${filter}`);
    });
  }

  async #find(writer: number): Promise<Known | undefined> {
    const subject = progressSubject(this.#stream, this.#job, writer);
    const found = await this.#server.manager.streams
      .getMessage(this.#stream, { last_by_subj: subject })
      .catch((error: unknown) => {
        throw serverError(error, `read ${subject}`);
      });
    return found === null ? undefined : { ...found.json<Progress>(), sequence: found.seq };
  }

  async #write(writer: number, messages: readonly BatchMessage[], next: Progress, sequence: number): Promise<void> {
    const subject = progressSubject(this.#stream, this.#job, writer);
    const body = new TextEncoder().encode(JSON.stringify(next));
    const expected = { 'Nats-Expected-Last-Subject-Sequence': String(sequence), 'Nats-Expected-Stream': this.#stream };
    const all = [...messages, { subject, body, headers: expected }];
    try {
      const written = await this.#server.answer(publishAtomically(this.#server.connection, this.#ids.next(), all));
      this.#known.set(writer, { ...next, sequence: written });
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw serverError(error, `write to stream ${this.#stream}`);
      if (WRONG_LAST_SEQUENCE.includes(error.errorCode)) throw this.#fenced((await this.#find(writer))?.generation);
      const mend = `Look at the stream: nats stream info ${this.#stream}.`;
      const message = `stream ${this.#stream} does not take a batch of ${all.length} messages: ${error.message} (${error.errorCode})`;
      throw new MillraceError(ServerRefused, { message, mend });
    }
  }

  #fenced(newest: number | undefined): MillraceError {
    return new MillraceError(Fenced, {
      message: `execution ${newest ?? 'unknown'} writes stream ${this.#stream} now, and this is ${this.#generation}`,
      mend: 'Nothing: the newer execution goes on.',
    });
  }
}
