import { ApiProblem } from '@millrace/sdk/client';
import { QueryClient } from '@tanstack/react-query';

const RETRIES_MAX = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // What the API refuses it refuses again; what never reached it may pass.
      retry: (failures, error) =>
        failures < RETRIES_MAX && !(error instanceof ApiProblem && error.problem.status >= 400),
    },
  },
});
