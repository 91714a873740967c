import { readdirSync } from 'node:fs';
import { CLOSE_DURATION_MS_MAX } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';

const LOOK_AGAIN_MS = 50;
const PATIENCE_MS = 20_000;

/** Open files and sockets of this process; where the system does not list them, what keeps Node alive. */
export function openHandles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return process.getActiveResourcesInfo().length;
  }
}

/** The number of open handles, once it is down to `wanted`, or after a while: the other end takes part in closing a socket. */
export async function handlesDownTo(wanted: number): Promise<number> {
  for (let waited = 0; openHandles() > wanted && waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
  return openHandles();
}

/** Whether it resolves within the time that the engine gives to a processor that is stopped: for what is under way, and to close. */
export async function isWithinStopLimit(stopping: Promise<void>): Promise<boolean> {
  const limit = Promise.withResolvers<boolean>();
  const cancel = systemClock.timer(2 * CLOSE_DURATION_MS_MAX, () => limit.resolve(false));
  try {
    return await Promise.race([stopping.then(() => true), limit.promise]);
  } finally {
    cancel();
  }
}
