/** The part of a job's figures (`GET jobs/{id}/metrics`) that the line shows. */
export interface Figures {
  readonly status: string;
  readonly generation: number;
  readonly snapshot?: { readonly id: number; readonly ageMs: number } | undefined;
  readonly vertices: readonly {
    readonly vertex: string;
    readonly rowsIn: number;
    readonly rowsOut: number;
    readonly custom: Readonly<Record<string, number>>;
  }[];
  readonly at: number;
}

/** Figures come once a second; after this long without any the worker is taken for dead. */
const SILENCE_MS_MAX = 2_500;

/** Every table has been read and is streaming. */
export function isLoaded(figures: Figures): boolean {
  const source = figures.vertices.find((vertex) => (vertex.custom['loadTablesTotal'] ?? 0) > 0);
  return source !== undefined && source.custom['loadTablesDone'] === source.custom['loadTablesTotal'];
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

function bytes(value: number): string {
  if (value < 1_024) return `${Math.round(value)} B`;
  if (value < 1_048_576) return `${(value / 1_024).toFixed(0)} KiB`;
  return `${(value / 1_048_576).toFixed(1)} MiB`;
}

const sum = (figures: Figures, read: (vertex: Figures['vertices'][number]) => number | undefined): number =>
  figures.vertices.reduce((total, vertex) => total + (read(vertex) ?? 0), 0);

/** Turns two readings of a job's figures into one line: rates, lag, snapshot. */
export class LiveLine {
  #last: Figures | undefined;
  #loadedRows = 0;

  /** `undefined`: the API knows no figures at the moment (nobody runs the job). */
  render(figures: Figures | undefined, nowMs: number): string {
    if (figures === undefined) return 'no worker runs the job: waiting for another attempt ...';
    const silentMs = nowMs - figures.at;
    if (silentMs > SILENCE_MS_MAX) {
      return `no word from the worker for ${(silentMs / 1_000).toFixed(0)} s: waiting for another attempt ...`;
    }
    const last = this.#last;
    this.#last = figures;
    const seconds = last === undefined ? 0 : (figures.at - last.at) / 1_000;
    const rate = (read: (vertex: Figures['vertices'][number]) => number | undefined): string => {
      // A new attempt counts from zero again.
      const isNewAttempt = last === undefined || last.generation !== figures.generation;
      const delta = sum(figures, read) - (isNewAttempt ? 0 : sum(last, read));
      return seconds > 0 ? count(delta / seconds) : '0';
    };
    const sourceOut = (vertex: Figures['vertices'][number]) =>
      vertex.custom['lagBytes'] === undefined ? 0 : vertex.rowsOut;
    this.#loadedRows = Math.max(
      this.#loadedRows,
      sum(figures, (vertex) => vertex.custom['loadRows']),
    );
    const tables = sum(figures, (vertex) => vertex.custom['loadTablesTotal']);
    const done = sum(figures, (vertex) => vertex.custom['loadTablesDone']);
    const phase = tables > done ? `loading ${done}/${tables} tables, ${count(this.#loadedRows)} rows` : 'streaming';
    const lagMs = sum(figures, (vertex) => vertex.custom['lagMs']);
    const lagBytes = sum(figures, (vertex) => vertex.custom['lagBytes']);
    const age = figures.snapshot === undefined ? 0 : figures.snapshot.ageMs + Math.max(0, nowMs - figures.at);
    const snapshot =
      figures.snapshot === undefined ? 'none yet' : `${figures.snapshot.id}, ${(age / 1_000).toFixed(1)} s old`;
    return (
      `${figures.status} attempt ${figures.generation} | ${phase} | in ${rate(sourceOut)} rows/s, ` +
      `out ${rate((vertex) => vertex.custom['rowsWritten'])} rows/s | lag ${count(lagMs)} ms, ${bytes(lagBytes)} | snapshot ${snapshot}`
    );
  }
}
