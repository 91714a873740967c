import {
  type DefaultError,
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
} from '@tanstack/react-query';
import { useLiveState } from '../shell/live-context.tsx';

/** A query that is read again and again, but not while the page is frozen. */
export function useLive<T, D = T, K extends QueryKey = QueryKey>(
  options: UseQueryOptions<T, DefaultError, D, K>,
): UseQueryResult<D> {
  const { frozenAt } = useLiveState();
  return useQuery(
    frozenAt === undefined
      ? options
      : { ...options, refetchInterval: false, refetchOnWindowFocus: false, refetchOnMount: false },
  );
}
