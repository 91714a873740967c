import { describe, expect, it } from '@jest/globals';
import { instance } from '../../test/instance.ts';
import { sumDurations, sumPerEdge, sumPerVertex } from './sum-instances.ts';

describe('instances together', () => {
  it('are summed; lag is that of the worst, the watermark that of the one furthest behind', () => {
    expect(
      sumPerVertex([
        instance('source', { custom: { lagMs: 5, lagBytes: 100, loadRows: 7 }, watermarkMs: 9 }),
        instance('sink', {
          rowsIn: 10,
          rowsOut: 1,
          busyMs: 1,
          custom: { latencyMs: 3, rowsWritten: 10 },
          watermarkMs: 8,
        }),
        instance('sink', {
          rowsIn: 20,
          rowsOut: 2,
          blockedMs: 4,
          custom: { latencyMs: 9, rowsWritten: 20 },
          watermarkMs: 6,
        }),
      ]),
    ).toMatchObject([
      { vertex: 'source', instances: 1, watermarkMs: 9, custom: { lagMs: 5, lagBytes: 100, loadRows: 7 } },
      {
        vertex: 'sink',
        instances: 2,
        rowsIn: 30,
        rowsOut: 3,
        busyMs: 1,
        blockedMs: 4,
        watermarkMs: 6,
        custom: { latencyMs: 9, rowsWritten: 30 },
      },
    ]);
  });

  it('have no watermark as long as one of them has none', () => {
    const [sum] = sumPerVertex([instance('a', { watermarkMs: 5 }), instance('a')]);
    expect(sum!.watermarkMs).toBeUndefined();
  });

  it('share edges: rows of the senders, queues of the readers, the fill of the fullest', () => {
    const edges = sumPerEdge([
      instance('a', { out: [{ edge: 0, rows: 5 }] }),
      instance('a', { out: [{ edge: 0, rows: 6 }] }),
      instance('b', { queues: [{ edge: 0, rows: 2, rowsMax: 10, fill: 0.2 }] }),
      instance('b', { queues: [{ edge: 0, rows: 9, rowsMax: 10, fill: 0.9 }] }),
    ]);
    expect(edges.get(0)).toEqual({ rows: 11, queuedRows: 11, queueRowsMax: 20, fill: 0.9 });
  });

  it('count durations class by class', () => {
    const counted = (...counts: number[]) => instance('sink', { durations: { took: counts } });
    expect(sumDurations([counted(1, 2), counted(3, 4), instance('sink')], 'took')).toEqual([4, 6]);
    expect(sumDurations([instance('sink')], 'took')).toBeUndefined();
  });
});
