import { type AccessRole, ApiProblem, type Me } from '@millrace/sdk/client';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from './client.ts';

const RECHECK_MS = 60_000;

/** Who looks; `null`: nobody yet, a key is needed. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return (await api.GET('/api/v1/me', { signal })).data!;
    } catch (error) {
      if (error instanceof ApiProblem && error.problem.status === 401) return null;
      throw error;
    }
  },
  staleTime: RECHECK_MS,
  // While the API is open the first key may be on the screen, this once: nothing may take the page away.
  refetchInterval: ({ state }) => (state.data?.open === true ? false : RECHECK_MS),
  refetchOnWindowFocus: ({ state }) => state.data?.open !== true,
});

const RANK: Readonly<Record<AccessRole, number>> = { viewer: 0, operator: 1, editor: 2, admin: 3 };

/** Who looks and what he may do. What he may not is shown, but cannot be pressed. */
export function useMe(): {
  readonly hasKeys: boolean;
  readonly may: (role: AccessRole) => boolean;
  readonly me: Me | null;
} {
  const { data: me = null } = useQuery(meQuery);
  return {
    me,
    hasKeys: me !== null && !me.open,
    may: (role) => me === null || RANK[me.role] >= RANK[role],
  };
}
