import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Loading } from './loading.tsx';
import { ProblemAlert } from './problem-alert.tsx';

/** What was read; bars while it is read for the first time; what went wrong, above what was read before. */
export function QueryView<T>({
  query,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error, isPending } = query;
  return (
    <>
      {error !== null && <ProblemAlert error={error} />}
      {data !== undefined && children(data)}
      {isPending && error === null && <Loading />}
    </>
  );
}
