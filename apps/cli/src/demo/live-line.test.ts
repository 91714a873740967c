import { expect, it } from '@jest/globals';
import { type Figures, LiveLine } from './live-line.ts';

const figures = (at: number, rows: number, generation = 1): Figures => ({
  status: 'RUNNING',
  generation,
  at,
  snapshot: { id: 7, ageMs: 300 },
  vertices: [
    {
      vertex: 'tables',
      rowsIn: 0,
      rowsOut: rows,
      custom: { lagBytes: 2_048, lagMs: 12, loadRows: 5, loadTablesTotal: 2, loadTablesDone: 2 },
    },
    { vertex: 'copy', rowsIn: rows, rowsOut: 0, custom: { rowsWritten: rows / 2 } },
  ],
});

it('shows rates since the reading before, lag and the age of the snapshot', () => {
  const line = new LiveLine();
  line.render(figures(10_000, 1_000), 10_000);
  expect(line.render(figures(12_000, 5_000), 12_200)).toBe(
    'RUNNING attempt 1 | streaming | in 2,000 rows/s, out 1,000 rows/s | lag 12 ms, 2 KiB | snapshot 7, 0.5 s old',
  );
});

it('counts a new attempt from zero', () => {
  const line = new LiveLine();
  line.render(figures(10_000, 9_000), 10_000);
  expect(line.render(figures(11_000, 400, 2), 11_000)).toContain('attempt 2 | streaming | in 400 rows/s');
});

it('says when nobody runs the job or the worker is silent', () => {
  const line = new LiveLine();
  expect(line.render(undefined, 0)).toContain('no worker runs the job');
  expect(line.render(figures(10_000, 0), 13_000)).toContain('no word from the worker for 3 s');
});
