import { ApiProblem, type TailBegun, type TailError, type TailRows } from '@millrace/sdk/client';
import { useCallback, useEffect, useMemo, useReducer } from 'react';
import { type StreamState, useEventStream } from '../api/use-event-stream.ts';

/** Rows that are kept, the newest. */
export const ROWS_MAX = 200;

export interface TailedRow {
  /** Counted from the first. */
  readonly number: number;
  readonly seenAt: Date;
  readonly row: unknown;
}

interface Seen {
  /** Another whenever it was begun anew: numbers of rows begin again. */
  readonly round: number;
  /** The newest first. */
  readonly rows: readonly TailedRow[];
  readonly count: number;
  readonly passedOver: number;
  readonly begun: TailBegun | undefined;
  /** Why nothing more comes. */
  readonly ended: ApiProblem | string | undefined;
}

export interface Tail extends Seen {
  readonly state: StreamState;
  /** Begins anew what has ended. */
  readonly begin: () => void;
  /** Forgets the rows that were seen; more come. */
  readonly clear: () => void;
}

const NOTHING: Seen = { round: 0, rows: [], count: 0, passedOver: 0, begun: undefined, ended: undefined };

type Said =
  | { readonly kind: 'anew' }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'begun'; readonly begun: TailBegun }
  | { readonly kind: 'rows'; readonly sample: TailRows }
  | { readonly kind: 'ended'; readonly why: ApiProblem | string };

function after(seen: Seen, said: Said): Seen {
  switch (said.kind) {
    case 'anew':
      return { ...NOTHING, round: seen.round + 1 };
    case 'cleared':
      // What is looked at is said once, when the stream opens, and it stays open.
      return { ...NOTHING, round: seen.round + 1, begun: seen.begun, ended: seen.ended };
    case 'begun':
      return { ...seen, begun: said.begun };
    case 'ended':
      return { ...seen, ended: said.why };
    case 'rows': {
      const seenAt = new Date();
      const fresh = said.sample.rows.map(({ row }, index) => ({ number: seen.count + index + 1, seenAt, row }));
      return {
        ...seen,
        rows: [...fresh.reverse(), ...seen.rows].slice(0, ROWS_MAX),
        count: seen.count + fresh.length,
        passedOver: seen.passedOver + said.sample.passedOver,
      };
    }
  }
}

/** Rows of a tail of the API, while they are watched; those seen stay when it is held. Another address begins anew. */
export function useTail(url: string, isHeld: boolean): Tail {
  const [seen, say] = useReducer(after, NOTHING);
  const { ended } = seen;
  // Rows of another address are of something else.
  useEffect(() => say({ kind: 'anew' }), [url]);
  const handlers = useMemo(
    () => ({
      begun: (begun: TailBegun) => say({ kind: 'begun', begun }),
      rows: (sample: TailRows) => say({ kind: 'rows', sample }),
      failed: ({ message }: TailError) => say({ kind: 'ended', why: message }),
    }),
    [],
  );
  const state = useEventStream(isHeld || ended !== undefined ? undefined : url, handlers);
  useEffect(() => {
    if (state !== 'failed') return;
    const asking = new AbortController();
    void refusal(url, asking.signal).then(
      (why) => say({ kind: 'ended', why }),
      () => undefined,
    );
    return () => asking.abort();
  }, [state, url]);
  const begin = useCallback(() => say({ kind: 'anew' }), []);
  const clear = useCallback(() => say({ kind: 'cleared' }), []);
  return { ...seen, state, begin, clear };
}

/** Why a stream is refused: the browser tells a page only that it is. */
async function refusal(url: string, signal: AbortSignal): Promise<ApiProblem | string> {
  const response = await fetch(url, { signal });
  if (!response.ok) return ApiProblem.ofResponse(response, url);
  await response.body?.cancel();
  return 'The stream was broken off; begin it again.';
}
