import { describe, expect, it } from '@jest/globals';
import { type Processor, watermark } from '@millrace/engine';
import { Pipeline, Sources } from '@millrace/pipeline';
import type { Fault } from './faults/fault.ts';
import { simulate } from './simulate.ts';
import type { SimulatedWorld } from './simulated-world.ts';

const ROWS = 120;

function copying(world: SimulatedWorld): Pipeline {
  const p = Pipeline.create();
  const rows = (split: number) => Array.from({ length: ROWS }, (_, n) => ({ split, n }));
  p.readFrom(world.source('numbers', { rows }))
    .withoutTimestamps()
    .writeTo(world.sink('copy', { order: { keyOf: ({ split }) => split, orderOf: ({ n }) => n } }));
  return p;
}

describe('a simulation under one fault', () => {
  it('is undisturbed without any', async () => {
    const report = await simulate(copying, { seed: 3, faults: [] });
    expect(report).toMatchObject({ findings: [], restores: 0, rows: 3 * ROWS });
    expect(report.snapshots).toBeGreaterThan(0);
  });

  const points = (
    ['store.write', 'witness.write', 'sink.prepare', 'sink.commit', 'source.acknowledge'] as const
  ).flatMap((request) => [true, false].map((hasEffect) => ({ request, hasEffect })));

  it.each(points)('INV-2 INV-6 survives a death at $request, had its effect: $hasEffect', async (point) => {
    const faults: Fault[] = [{ kind: 'kill-at-request', nth: 2, threads: 2, ...point }];
    const { findings, log } = await simulate(copying, { seed: 4, faults });
    expect(findings).toEqual([]);
    expect(log.filter((line) => line.endsWith('killed'))).toHaveLength(1);
  });

  it.each(points)('goes on after $request failed, had its effect: $hasEffect', async (point) => {
    const { findings } = await simulate(copying, { seed: 4, faults: [{ kind: 'request-fails', nth: 1, ...point }] });
    expect(findings).toEqual([]);
  });

  it('INV-3 survives a second process that takes the job from a living one', async () => {
    const { findings, log } = await simulate(copying, {
      seed: 5,
      faults: [{ kind: 'takeover', atStep: 120, threads: 3 }],
    });
    expect(findings).toEqual([]);
    expect(log.join('\n')).toContain('superseded');
  });

  it('goes on after a restart, and on other threads after a shutdown in good order', async () => {
    const { findings, log } = await simulate(copying, {
      seed: 5,
      faults: [
        { kind: 'restart', atStep: 80 },
        { kind: 'shutdown', atStep: 220, threads: 4 },
      ],
    });
    expect(findings).toEqual([]);
    expect(log.join(' ')).toMatch(/restarting.*ended: released/);
  });

  it('survives threads that die, tasklets that fail, and slowness everywhere', async () => {
    const stretch = { fromMs: 20, durationMs: 200 };
    const { findings, restores, virtualMs } = await simulate(copying, {
      seed: 6,
      faults: [
        { kind: 'thread-loss', atStep: 200, thread: 1 },
        { kind: 'processor-fails', nthBatch: 12 },
        { kind: 'slow-outside', delayMs: 50, ...stretch },
        { kind: 'slow-channels', delayMs: 50, ...stretch },
        { kind: 'slow-tasklets', spendMs: 10, ...stretch },
        { kind: 'sink-refuses', ...stretch },
      ],
    });
    expect(findings).toEqual([]);
    expect(restores).toBeGreaterThan(0);
    expect(virtualMs).toBeGreaterThan(200);
  });
});

describe('a simulation finds', () => {
  it('INV-9 a watermark that goes back', async () => {
    const marks = [watermark(100), watermark(50)];
    const backwards = (world: SimulatedWorld): Pipeline => {
      const p = Pipeline.create();
      const source = Sources.streamFromProcessor<number>('back', () => new MarkSource(marks), { isTimestamped: true });
      // Over an edge: within a vertex nobody else sees it.
      p.readFrom(source).withNativeTimestamps(0).writeTo(world.sink('out')).setLocalParallelism(2);
      return p;
    };
    const { findings } = await simulate(backwards, { seed: 1, faults: [] });
    expect(findings[0]).toMatchObject({ invariant: 'INV-9' });
  });

  it('INV-10 a job that does not come to its end', async () => {
    const waiting = (world: SimulatedWorld): Pipeline => {
      const p = Pipeline.create();
      p.readFrom(Sources.streamFromProcessor<number>('never', (): Processor => ({ complete: () => false })))
        .withoutTimestamps()
        .writeTo(world.sink('out'));
      return p;
    };
    const { findings } = await simulate(waiting, { seed: 1, faults: [] });
    expect(findings[0]).toMatchObject({ invariant: 'INV-10' });
  });
});

class MarkSource implements Processor {
  readonly #marks: readonly ReturnType<typeof watermark>[];
  #next = 0;
  #outbox!: Parameters<NonNullable<Processor['init']>>[0]['outbox'];

  constructor(marks: readonly ReturnType<typeof watermark>[]) {
    this.#marks = marks;
  }

  init({ outbox }: Parameters<NonNullable<Processor['init']>>[0]): void {
    this.#outbox = outbox;
  }

  complete(): boolean {
    for (; this.#next < this.#marks.length; this.#next++) {
      if (!this.#outbox.offer(this.#marks[this.#next]!)) return false;
    }
    return true;
  }
}
