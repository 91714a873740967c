/** One session of a key that may still grow. */
export interface Session {
  startMs: number;
  /** Time of its last row and the gap; exclusive. */
  endMs: number;
  accumulator: unknown;
}

/** What sessions are made of. */
export interface SessionParts {
  readonly create: () => unknown;
  readonly combine: (left: unknown, right: unknown) => unknown;
}

/**
 * The session that a row at `timeMs` belongs to; sessions that it connects are merged, a new one is made when there is none. `sessions` are
 * those of one key: in order, none touching another.
 */
export function sessionAt(sessions: Session[], timeMs: number, gapMs: number, parts: SessionParts): Session {
  const endMs = timeMs + gapMs;
  // Sessions are few, and the row mostly belongs to the last one.
  let first = sessions.length;
  while (first > 0 && sessions[first - 1]!.endMs > timeMs) first -= 1;
  let last = first;
  while (last < sessions.length && sessions[last]!.startMs < endMs) last += 1;
  const touched = sessions.slice(first, last);
  const merged: Session =
    touched.length === 0
      ? { startMs: timeMs, endMs, accumulator: parts.create() }
      : touched.reduce((left, right) => ({
          startMs: left.startMs,
          endMs: right.endMs,
          accumulator: parts.combine(left.accumulator, right.accumulator),
        }));
  merged.startMs = Math.min(merged.startMs, timeMs);
  merged.endMs = Math.max(merged.endMs, endMs);
  sessions.splice(first, last - first, merged);
  return merged;
}
