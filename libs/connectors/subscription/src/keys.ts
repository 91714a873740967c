/** Keys of one subscription. The job's id is a hash tag, so that a cluster keeps them on one node and one script may touch them all. */
export interface SubscriptionKeys {
  /** Hash: `fence`, `position`, `sequence`, `waiting`, `moved`, `left`, `epoch`. */
  readonly meta: string;
  /** Hash: id of a table's shape to its JSON. */
  readonly schemas: string;
  /** Set of the staged lists there are. */
  readonly lists: string;
  readonly list: (id: string) => string;
  readonly partition: (partition: number) => string;
  /** Sorted set of attached instances by the time until which they are alive, milliseconds of Redis. */
  readonly members: string;
  /** Hash: instance to the stream that it listens to. */
  readonly sessions: string;
  /** Hash: partition to `<epoch> <instance>`. */
  readonly leases: string;
  /** Hash: partition to the number up to which everything is acknowledged. */
  readonly acknowledged: string;
  /** Sorted set of `<letter>:<attempts>` that were put back, by time. */
  readonly replayed: string;
  /** Channel: something is there to be handed on (`changes`), or who has what changes (`members`). */
  readonly wake: string;
}

export function subscriptionKeys(jobId: string): SubscriptionKeys {
  const prefix = `millrace:{${jobId}}:changes`;
  return {
    meta: prefix,
    schemas: `${prefix}:schemas`,
    lists: `${prefix}:lists`,
    list: (id) => `${prefix}:list:${id}`,
    partition: (partition) => `${prefix}:p:${partition}`,
    members: `${prefix}:members`,
    sessions: `${prefix}:sessions`,
    leases: `${prefix}:leases`,
    acknowledged: `${prefix}:acknowledged`,
    replayed: `${prefix}:replayed`,
    wake: `${prefix}:wake`,
  };
}
