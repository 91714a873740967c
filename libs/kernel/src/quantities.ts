const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const unit = match === null ? undefined : units[match[2]!];
  return unit === undefined ? undefined : Math.round(Number(match![1]) * unit);
}

/** Milliseconds of a duration such as `500ms`, `10s`, `1.5m`; `undefined` when it is not one. */
export const parseDurationMs = (text: string): number | undefined => parse(text, DURATION_MS);

/** Bytes of a size such as `64MiB`; `undefined` when it is not one. */
export const parseSizeBytes = (text: string): number | undefined => parse(text, SIZE_BYTES);
