import { useDocumentVisibility } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { useLiveState } from '../shell/live-context.tsx';

/** What to do with the data of each kind of event. */
export type Handlers = Readonly<Record<string, (data: never) => void>>;

/** `failed`: the API keeps no stream open for us, so what it would have said has to be asked for. */
export type StreamState = 'opening' | 'open' | 'lost' | 'failed';

/**
 * Listens to a stream of server-sent events while somebody looks: not in a tab that is hidden, not on a page that is frozen. What is lost on the
 * way is begun anew by the browser, and a stream begins with all there is. Without a URL it listens to nothing.
 */
export function useEventStream(url: string | undefined, handlers: Handlers): StreamState {
  const { frozenAt } = useLiveState();
  const visibility = useDocumentVisibility();
  const isWatched = frozenAt === undefined && visibility === 'visible';
  const [state, setState] = useState<StreamState>('opening');
  const latest = useRef(handlers);
  latest.current = handlers;
  const kinds = Object.keys(handlers).join();
  useEffect(() => {
    if (!isWatched || url === undefined) return;
    const source = new EventSource(url);
    source.onopen = () => setState('open');
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? 'failed' : 'lost');
    for (const kind of kinds.split(','))
      source.addEventListener(kind, (event) => latest.current[kind]?.(JSON.parse(event.data as string) as never));
    return () => {
      source.close();
      setState('opening');
    };
  }, [url, kinds, isWatched]);
  return state;
}
