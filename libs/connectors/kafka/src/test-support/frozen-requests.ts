import type { AsyncLocalStorage } from 'node:async_hooks';
import { jest } from '@jest/globals';
import { Cluster } from '../cluster/cluster.ts';

/** Where an execution stops. */
export interface Freeze {
  requests: number;
  readonly at: number;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** `alone`: the other requests go on. */
export type FreezeWhen = 'before' | 'after' | 'alone';

/** Stops the running execution before, or after, the request of this number that it makes to a broker: it makes no other meanwhile. */
export function watchRequests(running: AsyncLocalStorage<Freeze>, when: FreezeWhen): void {
  const request = Reflect.get(Cluster.prototype, 'request') as Cluster['request'];
  jest.spyOn(Cluster.prototype, 'request').mockImplementation(async function (this: Cluster, broker, send) {
    const freeze = running.getStore();
    if (freeze === undefined) return await request.call(this, broker, send);
    if (freeze.requests >= freeze.at && when !== 'alone') await freeze.released.promise;
    freeze.requests += 1;
    const isLast = freeze.requests === freeze.at;
    if (isLast && when !== 'after') await pause(freeze);
    try {
      return await request.call(this, broker, send);
    } finally {
      if (isLast && when === 'after') await pause(freeze);
    }
  });
}

async function pause(freeze: Freeze): Promise<void> {
  freeze.reached.resolve();
  await freeze.released.promise;
}

export const freezeAt = (at: number): Freeze => ({
  requests: 0,
  at,
  reached: Promise.withResolvers<void>(),
  released: Promise.withResolvers<void>(),
});
