import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Layout } from './shell/layout.tsx';
import { NotFound, RouteProblem } from './shell/not-found.tsx';

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./overview/overview-page.tsx'), 'OverviewPage'),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  component: lazyRouteComponent(() => import('./jobs/jobs-page.tsx'), 'JobsPage'),
});

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$name',
  validateSearch: (search): { tab?: string | undefined } => ({ tab: text(search['tab']) }),
  component: lazyRouteComponent(() => import('./jobs/job-page.tsx'), 'JobPage'),
});

const sources = createRoute({
  getParentRoute: () => root,
  path: '/sources',
  component: lazyRouteComponent(() => import('./sources/sources-page.tsx'), 'SourcesPage'),
});

const source = createRoute({
  getParentRoute: () => root,
  path: '/sources/$name',
  component: lazyRouteComponent(() => import('./sources/source-page.tsx'), 'SourcePage'),
});

const sinks = createRoute({
  getParentRoute: () => root,
  path: '/sinks',
  component: lazyRouteComponent(() => import('./sinks/sinks-page.tsx'), 'SinksPage'),
});

const sink = createRoute({
  getParentRoute: () => root,
  path: '/sinks/$name',
  component: lazyRouteComponent(() => import('./sinks/sink-page.tsx'), 'SinkPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, jobs, job, sources, source, sinks, sink]),
  basepath: '/ui',
  defaultPreload: 'intent',
  defaultErrorComponent: RouteProblem,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
