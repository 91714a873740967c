import { describe, expect, it } from '@jest/globals';
import type { Actor } from './actor.ts';
import { STREAMS_PER_KEY_MAX, StreamSlots } from './stream-slots.ts';

const actor = (keyId: string, kind: Actor['kind'] = 'key'): Actor => ({
  kind,
  keyId,
  name: keyId,
  role: 'viewer',
  expiresAt: null,
});

/** A timer that rings when told. */
function manualTimer() {
  let callback: (() => void) | undefined;
  return {
    timer: (_: number, ring: () => void) => {
      callback = ring;
      return () => {
        callback = undefined;
      };
    },
    ring: () => callback?.(),
    isSet: () => callback !== undefined,
  };
}

describe('slots for streams', () => {
  it('are bounded for each key, its sessions counted with it', () => {
    using slots = new StreamSlots(() => Promise.resolve(true), manualTimer());
    const taken = Array.from({ length: STREAMS_PER_KEY_MAX }, (_, index) =>
      slots.take(actor('a', index % 2 === 0 ? 'key' : 'session')),
    );
    expect(() => slots.take(actor('a'))).toThrow(
      expect.objectContaining({ code: expect.objectContaining({ code: 'access.too_many_streams' }) }),
    );
    expect(slots.take(actor('b')).signal.aborted).toBe(false);
    taken[0]!.release();
    taken[0]!.release();
    slots.take(actor('a'));
    expect(() => slots.take(actor('a'))).toThrow('at most');
  });

  it('end when their key may no longer, and with the API; a database that is away ends none', async () => {
    const revoked = new Set(['a']);
    const asked = Promise.withResolvers<void>();
    const clock = manualTimer();
    const slots = new StreamSlots(async ({ keyId }) => {
      if (keyId === 'c') throw new Error('away');
      if (keyId === 'b') asked.resolve();
      return !revoked.has(keyId!);
    }, clock);
    const [gone, stays, unknown] = ['a', 'c', 'b'].map((key) => slots.take(actor(key)));
    clock.ring();
    await asked.promise;
    await Promise.resolve();
    expect([gone!.signal.aborted, stays!.signal.aborted, unknown!.signal.aborted]).toEqual([true, false, false]);
    slots[Symbol.dispose]();
    expect(stays!.signal.aborted).toBe(true);
    expect(clock.isSet()).toBe(false);
  });
});
