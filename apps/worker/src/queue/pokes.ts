import { POKE_CHANNEL } from '@millrace/cluster';
import type { Redis } from 'ioredis';
import type { RunningJobs } from '../jobs/running-jobs.ts';

/** Hears that the desired state of a job has changed. Whatever is lost here is noticed by the coordinator's own looks. */
export function listenToPokes(subscriber: Redis, jobs: RunningJobs): void {
  subscriber.on('message', (channel: string, jobId: string) => {
    if (channel === POKE_CHANNEL) jobs.poke(jobId);
  });
  // ioredis subscribes again after a reconnect; only a closed connection rejects.
  subscriber.subscribe(POKE_CHANNEL).catch(() => undefined);
}
