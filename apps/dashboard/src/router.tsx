import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Root } from './shell/layout.tsx';
import { NotFound, RouteProblem } from './shell/not-found.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

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

const newJob = createRoute({
  getParentRoute: () => root,
  path: '/new-job',
  validateSearch: (search): { source?: string | undefined; tables?: string | undefined } => ({
    source: text(search['source']),
    tables: text(search['tables']),
  }),
  component: lazyRouteComponent(() => import('./jobs/editor/new-job-page.tsx'), 'NewJobPage'),
});

const newSource = createRoute({
  getParentRoute: () => root,
  path: '/new-source',
  component: lazyRouteComponent(() => import('./sources/new-source-page.tsx'), 'NewSourcePage'),
});

const newSink = createRoute({
  getParentRoute: () => root,
  path: '/new-sink',
  component: lazyRouteComponent(() => import('./sinks/new-sink-page.tsx'), 'NewSinkPage'),
});

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

const editSource = createRoute({
  getParentRoute: () => root,
  path: '/sources/$name/edit',
  component: lazyRouteComponent(() => import('./sources/edit-source-page.tsx'), 'EditSourcePage'),
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

const editSink = createRoute({
  getParentRoute: () => root,
  path: '/sinks/$name/edit',
  component: lazyRouteComponent(() => import('./sinks/edit-sink-page.tsx'), 'EditSinkPage'),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: '/dead-letters',
  component: lazyRouteComponent(() => import('./dead-letters/dead-letters-page.tsx'), 'DeadLettersPage'),
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: '/schedules',
  component: lazyRouteComponent(() => import('./schedules/schedules-page.tsx'), 'SchedulesPage'),
});

const members = createRoute({
  getParentRoute: () => root,
  path: '/members',
  component: lazyRouteComponent(() => import('./members/members-page.tsx'), 'MembersPage'),
});

const access = createRoute({
  getParentRoute: () => root,
  path: '/access',
  component: lazyRouteComponent(() => import('./access/access-page.tsx'), 'AccessPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyRouteComponent(() => import('./access/audit-page.tsx'), 'AuditPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    jobs,
    newJob,
    newSource,
    newSink,
    job,
    sources,
    source,
    editSource,
    sinks,
    sink,
    editSink,
    schedules,
    deadLetters,
    members,
    access,
    audit,
  ]),
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
