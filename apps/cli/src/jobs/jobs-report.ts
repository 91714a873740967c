import { tableLines } from '../table.ts';

/** What the API answers about a job, as far as it is shown. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly mend?: string } | null;
  readonly counts: readonly StageCounts[] | null;
}

export interface StageCounts {
  readonly stage: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly deadLetters: number;
  readonly skippedRows: number;
  readonly lateRows: number;
}

export const NONE = '-';
const MS_PER_S = 1_000;

export const seconds = (durationMs: number | null): string =>
  durationMs === null ? NONE : `${(durationMs / MS_PER_S).toFixed(1)} s`;

/** Rows that came from the sources and went into the sinks, as far as they are known: those of stages with nothing before, or behind, them. */
export function flowOf(counts: readonly StageCounts[] | null): { readonly in: string; readonly out: string } {
  if (counts === null) return { in: NONE, out: NONE };
  const sum = (of: (stage: StageCounts) => number): string =>
    String(counts.reduce((total, stage) => total + of(stage), 0));
  return {
    in: sum(({ rowsIn, rowsOut }) => (rowsIn === 0 ? rowsOut : 0)),
    out: sum(({ rowsIn, rowsOut }) => (rowsOut === 0 ? rowsIn : 0)),
  };
}

export function jobsLines(jobs: readonly JobView[]): readonly string[] {
  if (jobs.length === 0) return ['there are no jobs'];
  const rows = jobs.map(({ name, status, startedAt, durationMs, counts }) => {
    const flow = flowOf(counts);
    return [name, status, startedAt ?? NONE, seconds(durationMs), flow.in, flow.out];
  });
  return tableLines(['JOB', 'STATUS', 'BEGAN', 'TOOK', 'ROWS IN', 'ROWS OUT'], rows);
}

export function jobLines({
  id,
  name,
  status,
  startedAt,
  endedAt,
  durationMs,
  error,
  counts,
}: JobView): readonly string[] {
  const run = `began ${startedAt ?? NONE}, ended ${endedAt ?? NONE}, took ${seconds(durationMs)}`;
  const lines = [`job ${name} (${id}) is ${status}`, run];
  if (error !== null) lines.push(`${error.code}: ${error.message}`, ...(error.mend === undefined ? [] : [error.mend]));
  if (counts === null) return [...lines, 'rows are told when it stops'];
  const rows = counts.map((stage) =>
    [stage.stage, stage.rowsIn, stage.rowsOut, stage.skippedRows, stage.deadLetters, stage.lateRows].map(String),
  );
  return [...lines, ...tableLines(['STAGE', 'ROWS IN', 'ROWS OUT', 'SKIPPED', 'SET ASIDE', 'LATE'], rows)];
}
