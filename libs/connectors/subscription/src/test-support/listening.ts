import { systemClock, ulids } from '@millrace/kernel';
import { Redis } from 'ioredis';
import type { HandedOn, Listener } from '../delivery/attachment.ts';
import { Delivery } from '../delivery/delivery.ts';
import type { Lease, SharedPartitions } from '../delivery/shared-partitions.ts';

const LOOK_AGAIN_MS = 5;

/** A process of the api. */
export class TestProcess implements AsyncDisposable {
  readonly redis: Redis;
  readonly #subscriber: Redis;
  readonly delivery: Delivery;

  constructor(url: string) {
    this.redis = new Redis(url);
    this.#subscriber = new Redis(url);
    this.delivery = new Delivery({ redis: this.redis, subscriber: this.#subscriber, clock: systemClock, ids: ulids });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
    this.#subscriber.disconnect();
  }
}

/** An instance of a service, which remembers what it heard. */
export class TestInstance implements Listener, AsyncDisposable {
  readonly name = ulids.next();
  readonly heard: HandedOn[] = [];
  readonly leases = new Map<number, Lease>();
  readonly revocations: number[] = [];
  readonly schemas = new Map<string, string>();
  readonly #shared: SharedPartitions;
  readonly #end = new AbortController();
  readonly running: Promise<void>;

  constructor(process: TestProcess, jobId: string, partitions: number) {
    this.#shared = process.delivery.of(jobId, partitions);
    this.running = process.delivery.attach({ jobId, partitions, instance: this.name }, this, this.#end.signal);
  }

  assigned = (lease: Lease): void => void this.leases.set(lease.partition, lease);
  revoked = (partition: number): void => void this.revocations.push(partition);
  lost = (partition: number): void => void this.leases.delete(partition);
  schema = (id: string, json: string): void => void this.schemas.set(id, json);
  changes = (changes: readonly HandedOn[]): void => void this.heard.push(...changes);
  beat = (): void => {};
  drained = async (): Promise<void> => {};

  /** Keys in the order in which they came. */
  get ids(): readonly number[] {
    return this.heard.map(({ json }) => Number((JSON.parse(json) as { after: { id: string } }).after.id));
  }

  /** Acknowledges everything heard so far. */
  acknowledge(released: readonly number[] = [], leaves = false) {
    const newest = new Map(this.heard.map(({ partition, number }) => [partition, number]));
    const acknowledged = [...newest].flatMap(([partition, upTo]) => {
      const lease = this.leases.get(partition);
      return lease === undefined ? [] : [{ partition, epoch: lease.epoch, upTo }];
    });
    return this.#shared.report({ instance: this.name, acknowledged, released, leaves });
  }

  /** Gives back what it is asked to. */
  async release(): Promise<void> {
    await this.acknowledge(this.revocations.splice(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.running;
  }
}

/** Waits for what nobody announces; a test's own limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.sleep(LOOK_AGAIN_MS);
}
