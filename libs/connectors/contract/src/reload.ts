/** Tables of a source stage that a running job is to load again. */
export interface ReloadRequest {
  /** ULID: a state that knows it has begun it. */
  readonly id: string;
  /** As the stage names them. */
  readonly tables: readonly string[];
}

/** How far a request is. `refused`: a table has no key any more, so its rows cannot be told from those delivered before. */
const RELOAD_STATES = ['loading', 'done', 'refused'] as const;

export type ReloadState = (typeof RELOAD_STATES)[number];

const GAUGE = 'reload.state ';

/** Name and value of the gauge that tells how far a request is. */
export const reloadGauge = (id: string, state: ReloadState): readonly [name: string, value: number] => [
  `${GAUGE}${id}`,
  RELOAD_STATES.indexOf(state),
];

/** How far requests are, by their ids, out of the gauges of a source. */
export function reloadStates(gauges: Readonly<Record<string, number>>): ReadonlyMap<string, ReloadState> {
  const states = new Map<string, ReloadState>();
  for (const [name, value] of Object.entries(gauges)) {
    const state = name.startsWith(GAUGE) ? RELOAD_STATES[value] : undefined;
    if (state !== undefined) states.set(name.slice(GAUGE.length), state);
  }
  return states;
}
