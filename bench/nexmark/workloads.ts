/** Workloads by name, with the sizes of the published baseline and short ones. */

export const WINDOW_MS = 10_000;
export const SLIDE_MS = 1_000;
/** Instances of the source and of the sink, as in the yardstick. */
export const PARALLELISM = 2;

export type PipelineName = 'stateless' | 'window' | 'join' | 'join-counts' | 'rolling';
/** How our source hands its events over. */
export type Form = 'columns' | 'rows';

export interface Workload {
  readonly name: string;
  readonly pipeline: PipelineName;
  /** Events. */
  readonly n: number;
  readonly keys: number;
  /** Of event time. */
  readonly eventsPerSecond: number;
  /** Events a second of wall-clock time; 0: as fast as it goes. */
  readonly rate: number;
  readonly guarantee: 'none' | 'exactly-once';
  /** Seconds of event time, in the latency workloads. */
  readonly warmSeconds: number;
  readonly measuredSeconds: number;
  /** Our side runs once for each; the yardstick has only objects. */
  readonly forms: readonly Form[];
}

interface Sizes {
  readonly bids: number;
  readonly windowed: number;
  readonly joined: number;
  readonly warmSeconds: number;
  readonly measuredSeconds: number;
  readonly rollingSeconds: number;
}

const FULL: Sizes = {
  bids: 100_000_000,
  windowed: 40_000_000,
  joined: 20_000_000,
  warmSeconds: 20,
  measuredSeconds: 60,
  rollingSeconds: 90,
};
/** The yardstick's restart workload spends 71 s at least. */
const QUICK: Sizes = {
  bids: 20_000_000,
  windowed: 15_000_000,
  joined: 8_000_000,
  warmSeconds: 5,
  measuredSeconds: 15,
  rollingSeconds: 80,
};

const UNPACED = { rate: 0, guarantee: 'none', warmSeconds: 0, measuredSeconds: 0, forms: ['columns'] } as const;

function latency(name: string, sizes: Sizes, keys: number, rate: number): Workload {
  const { warmSeconds, measuredSeconds } = sizes;
  return {
    name,
    pipeline: 'window',
    n: rate * (warmSeconds + measuredSeconds + 1),
    keys,
    eventsPerSecond: rate,
    rate,
    guarantee: 'exactly-once',
    warmSeconds,
    measuredSeconds,
    forms: ['columns'],
  };
}

export function workloads(isQuick: boolean): readonly Workload[] {
  const sizes = isQuick ? QUICK : FULL;
  const bids = { ...UNPACED, eventsPerSecond: 1_000_000 };
  const joined = { ...UNPACED, n: sizes.joined, keys: 0, eventsPerSecond: 400_000 };
  const rate = 200_000;
  return [
    { ...bids, name: 'A', pipeline: 'stateless', n: sizes.bids, keys: 10_000, forms: ['columns', 'rows'] },
    { ...bids, name: 'B10k', pipeline: 'window', n: sizes.windowed, keys: 10_000 },
    { ...bids, name: 'B1M', pipeline: 'window', n: sizes.windowed, keys: 1_000_000 },
    { ...joined, name: 'C', pipeline: 'join' },
    { ...joined, name: 'C2', pipeline: 'join-counts' },
    latency('D10k-250k', sizes, 10_000, 250_000),
    latency('D10k-500k', sizes, 10_000, 500_000),
    latency('D1M', sizes, 1_000_000, 100_000),
    {
      ...UNPACED,
      name: 'E',
      pipeline: 'rolling',
      n: rate * sizes.rollingSeconds,
      keys: 1_000_000,
      eventsPerSecond: rate,
      rate,
      guarantee: 'exactly-once',
    },
  ];
}

export const isLatency = (workload: Workload): boolean => workload.measuredSeconds > 0;
