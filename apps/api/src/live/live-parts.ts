import { JobFeeds } from './job/job-feeds.ts';
import { JobLiveController } from './job/job-live.controller.ts';
import { MembersController } from './members/members.controller.ts';
import { Fleet } from './overview/fleet.ts';
import { OverviewController } from './overview/overview.controller.ts';
import { MetricsController } from './prometheus/metrics.controller.ts';
import { Streams } from './stream/streams.ts';

/** Everything that shows what runs now. */
export const liveControllers = [OverviewController, JobLiveController, MembersController, MetricsController];
export const liveProviders = [Fleet, JobFeeds, Streams];
