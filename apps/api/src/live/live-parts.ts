import { JobFeeds } from './job/job-feeds.ts';
import { JobLiveController } from './job/job-live.controller.ts';
import { DrainMemberUseCase } from './members/drain-member.use-case.ts';
import { MembersController } from './members/members.controller.ts';
import { Fleet } from './overview/fleet.ts';
import { OverviewController } from './overview/overview.controller.ts';
import { SourceSlots } from './overview/source-slots.ts';
import { MetricsController } from './prometheus/metrics.controller.ts';
import { Streams } from './stream/streams.ts';
import { TailController } from './tail/tail.controller.ts';
import { Tail } from './tail/tail.ts';

/** Everything that shows what runs now. */
export const liveControllers = [
  OverviewController,
  JobLiveController,
  MembersController,
  MetricsController,
  TailController,
];
export const liveProviders = [DrainMemberUseCase, Fleet, JobFeeds, SourceSlots, Streams, Tail];
