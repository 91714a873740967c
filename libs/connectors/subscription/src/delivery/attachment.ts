import type { Clock } from '@millrace/kernel';
import { eventJsonOf, schemaIdOf } from '../stored-event.ts';
import type { Lease, SharedPartitions, Waiting } from './shared-partitions.ts';

/** Changes that one instance may have without having acknowledged them. */
export const WINDOW = 1_000;
/** Changes of one partition that are handed on at once. */
const READ_MAX = 200;
/** Between two looks at who has what, when nobody says that it changed. */
const TICK_MS = 1_000;
/** Between two looks for acknowledgements when the window is full. */
const FULL_TICK_MS = 5;

/** What an instance hears. Each is one message of its stream. */
export interface Listener {
  /** The instance has the partition, and gets what comes behind `acknowledged`. */
  assigned(lease: Lease): void;
  /** It is to give the partition back as soon as what runs has ended. */
  revoked(partition: number): void;
  /** It has it no more. */
  lost(partition: number): void;
  /** The shape of a table, before the first change that has it. */
  schema(id: string, json: string): void;
  /** @param changes of partition, number, shape and JSON each */
  changes(changes: readonly HandedOn[]): void;
  /** Nothing for a while; also says that we live. */
  beat(): void;
  /** Resolves when the instance has taken what it was sent. */
  drained(): Promise<void>;
}

export interface HandedOn {
  readonly partition: number;
  readonly number: number;
  readonly schema: string;
  readonly json: string;
}

interface Held {
  readonly epoch: number;
  cursor: number;
  isRevoked: boolean;
  /** Handed on and not acknowledged, oldest first. */
  readonly sent: number[];
}

/** The stream of one instance: hands on what waits in its partitions, in order, and no more than it can keep up with. */
export class Attachment {
  readonly instance: string;
  readonly #session: string;
  readonly #shared: SharedPartitions;
  readonly #listener: Listener;
  readonly #clock: Clock;
  readonly #held = new Map<number, Held>();
  readonly #schemas = new Set<string>();
  #isClosed = false;
  #isLookingDue = true;
  #isWoken = false;
  #wakeUp: () => void = () => {};

  constructor(options: {
    readonly instance: string;
    readonly session: string;
    readonly shared: SharedPartitions;
    readonly listener: Listener;
    readonly clock: Clock;
  }) {
    this.instance = options.instance;
    this.#session = options.session;
    this.#shared = options.shared;
    this.#listener = options.listener;
    this.#clock = options.clock;
  }

  /** @param members who has what may have changed; else there is something to hand on */
  wake(members: boolean): void {
    this.#isLookingDue ||= members;
    this.#isWoken = true;
    this.#wakeUp();
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeUp();
  }

  /** Resolves when it is closed, or the instance is known no more. @throws MillraceError when Redis does not answer */
  async run(): Promise<void> {
    await this.#shared.share(this.instance, this.#session);
    try {
      let lookedMs = Number.NEGATIVE_INFINITY;
      while (!this.#isClosed) {
        const now = this.#clock.monotonicMs();
        if (this.#isLookingDue || now - lookedMs >= TICK_MS) {
          lookedMs = now;
          this.#isLookingDue = false;
          if (!(await this.#look())) return;
        }
        this.#isWoken = false;
        const isFull = this.#room() === 0;
        if (isFull) await this.#countAcknowledged();
        const found = this.#room() > 0 && (await this.#handOn());
        await this.#listener.drained();
        if (!found) await this.#pause(isFull ? FULL_TICK_MS : TICK_MS);
      }
    } finally {
      await this.#shared.detach(this.instance, this.#session);
    }
  }

  async #look(): Promise<boolean> {
    const share = await this.#shared.share(this.instance);
    if (share === undefined) return false;
    const leases = new Map(share.leases.map((lease) => [lease.partition, lease]));
    for (const [partition, { epoch }] of this.#held) {
      if (leases.get(partition)?.epoch === epoch) continue;
      this.#held.delete(partition);
      this.#listener.lost(partition);
    }
    for (const lease of leases.values()) {
      const { partition, epoch, acknowledged: cursor } = lease;
      if (this.#held.has(partition)) continue;
      this.#held.set(partition, { epoch, cursor, isRevoked: false, sent: [] });
      this.#listener.assigned(lease);
    }
    const kept = [...this.#held].filter(([, { isRevoked }]) => !isRevoked);
    for (const [partition, held] of kept.slice(share.count)) {
      held.isRevoked = true;
      this.#listener.revoked(partition);
    }
    this.#listener.beat();
    return true;
  }

  #room(): number {
    let unacknowledged = 0;
    for (const { sent } of this.#held.values()) unacknowledged += sent.length;
    return Math.max(0, WINDOW - unacknowledged);
  }

  async #countAcknowledged(): Promise<void> {
    const partitions = [...this.#held.keys()];
    const numbers = await this.#shared.acknowledged(partitions);
    for (const [index, partition] of partitions.entries()) {
      const { sent } = this.#held.get(partition)!;
      const done = sent.findIndex((number) => number > numbers[index]!);
      sent.splice(0, done === -1 ? sent.length : done);
    }
  }

  /** @returns whether there was something */
  async #handOn(): Promise<boolean> {
    const after = new Map<number, number>();
    for (const [partition, { cursor, isRevoked }] of this.#held) if (!isRevoked) after.set(partition, cursor);
    if (after.size === 0) return false;
    const count = Math.min(READ_MAX, Math.max(1, Math.ceil(this.#room() / after.size)));
    const found = await this.#shared.read(after, count);
    const changes: HandedOn[] = [];
    for (const { partition, entries } of found) {
      const held = this.#held.get(partition);
      if (held === undefined) continue;
      for (const entry of entries) changes.push(await this.#handedOn(partition, entry));
      held.cursor = entries.at(-1)!.number;
      held.sent.push(...entries.map(({ number }) => number));
    }
    if (changes.length === 0) return false;
    this.#listener.changes(changes);
    return true;
  }

  async #handedOn(partition: number, { number, body }: Waiting): Promise<HandedOn> {
    const schema = schemaIdOf(body);
    if (!this.#schemas.has(schema)) {
      this.#listener.schema(schema, await this.#shared.schema(schema));
      this.#schemas.add(schema);
    }
    return { partition, number, schema, json: eventJsonOf(body) };
  }

  async #pause(durationMs: number): Promise<void> {
    if (this.#isWoken || this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeUp = resolve;
    const cancel = this.#clock.timer(durationMs, resolve);
    await promise;
    cancel();
    this.#wakeUp = () => {};
  }
}
