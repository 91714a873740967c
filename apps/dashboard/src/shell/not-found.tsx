import { EmptyState } from '../parts/empty-state.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';

export function NotFound() {
  return (
    <Page title="There is no such page">
      <EmptyState title="The address leads nowhere">
        Go to the <PageLink to="/">overview</PageLink> or to the <PageLink to="/jobs">jobs</PageLink>.
      </EmptyState>
    </Page>
  );
}

/** A screen that broke; the others still work. */
export function RouteProblem({ error }: { readonly error: unknown }) {
  return (
    <Page title="This page broke">
      <EmptyState title="It is a fault of the dashboard">
        {error instanceof Error ? error.message : String(error)}. Load the page anew; the jobs are not touched by it.
      </EmptyState>
    </Page>
  );
}
