import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualPort } from '../member/virtual-port.ts';
import { randomFor } from './seeds.ts';
import { VirtualLoop } from './virtual-loop.ts';
import { VirtualThread } from './virtual-thread.ts';

function threadsOf(loop: VirtualLoop, ...names: readonly string[]): VirtualThread[] {
  return names.map((name) => new VirtualThread(name, loop, randomFor(1, name)));
}

async function runAll(loop: VirtualLoop): Promise<void> {
  while (await loop.step());
}

describe('a virtual loop', () => {
  it('takes what comes next, whatever it was planned after', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), async (times) => {
        const loop = new VirtualLoop();
        const [thread] = threadsOf(loop, 'a');
        const seen: number[] = [];
        for (const timeMs of times) loop.at(timeMs, thread!, 'event', () => seen.push(loop.nowMs));
        await runAll(loop);
        expect(seen).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });

  it('ends every promise chain of a step before the next step', async () => {
    const loop = new VirtualLoop();
    const [thread] = threadsOf(loop, 'a');
    const seen: string[] = [];
    const slowly = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      seen.push('first');
    };
    loop.at(1, thread!, 'first', () => void slowly());
    loop.at(1, thread!, 'second', () => seen.push('second'));
    await runAll(loop);
    expect(seen).toEqual(['first', 'second']);
  });

  it('lets a busy thread finish first, and others go on', async () => {
    const loop = new VirtualLoop();
    const [busy, other] = threadsOf(loop, 'busy', 'other');
    const seen: string[] = [];
    loop.at(1, busy!, 'work', () => busy!.spend(10));
    loop.at(2, busy!, 'late', () => seen.push(`late at ${loop.nowMs}`));
    loop.at(11, busy!, 'later', () => seen.push(`later at ${loop.nowMs}`));
    loop.at(3, other!, 'other', () => seen.push(`other at ${loop.nowMs}`));
    await runAll(loop);
    expect(seen).toEqual(['other at 3', 'late at 11', 'later at 11']);
  });

  it('forgets what a dead thread had planned, and what was cancelled', async () => {
    const loop = new VirtualLoop();
    const [dead, living] = threadsOf(loop, 'dead', 'living');
    const seen: string[] = [];
    dead!.clock.timer(5, () => seen.push('dead'));
    living!.clock.timer(5, () => seen.push('cancelled'))();
    living!.clock.timer(9, () => seen.push('living'));
    loop.at(2, living!, 'kill', () => {
      dead!.isAlive = false;
    });
    await runAll(loop);
    expect(seen).toEqual(['living']);
  });

  it('has sleeps that can be aborted', async () => {
    const loop = new VirtualLoop();
    const [thread] = threadsOf(loop, 'a');
    const abort = new AbortController();
    const ends: unknown[] = [];
    void thread!.clock.sleep(5).then(() => ends.push('slept'));
    void thread!.clock.sleep(50, abort.signal).catch((reason: unknown) => ends.push(reason));
    loop.at(20, thread!, 'abort', () => abort.abort('enough'));
    await runAll(loop);
    expect(ends).toEqual(['slept', 'enough']);
    expect(loop.nowMs).toBe(20);
  });
});

describe('a virtual channel', () => {
  it('keeps the order of its messages, however late each is, also for a busy reader', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { maxLength: 40 }), async (delays) => {
        const loop = new VirtualLoop();
        const [writer, reader] = threadsOf(loop, 'writer', 'reader');
        const queue = [...delays];
        const [out, into] = VirtualPort.pair(writer!, loop, () => queue.shift() ?? 0);
        into.thread = reader!;
        const seen: number[] = [];
        for (const n of delays.keys()) loop.at(n / 2, writer!, 'post', () => out.postMessage({ n }));
        loop.at(3, reader!, 'begin', () => {
          into.on('message', ({ n }: { n: number }) => {
            seen.push(n);
            reader!.spend(1.5);
          });
        });
        await runAll(loop);
        expect(seen).toEqual([...delays.keys()]);
      }),
    );
  });
});
