import { parentPort } from 'node:worker_threads';
import { assert, systemClock, ulids } from '@millrace/kernel';
import { hostThread } from './thread/thread-host.ts';

assert(parentPort !== null, 'thread-entry runs in a worker thread');
hostThread(parentPort, { clock: systemClock, ids: ulids });
