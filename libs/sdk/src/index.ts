export type { AnyRow, Change, Operation } from './changes/change.ts';
export { type ConsumeOptions, type Consumer, consume } from './changes/consume.ts';
export { GivenUp } from './changes/given-up.ts';
export type { Attempt, RetryPolicy } from './changes/handler-runner.ts';
export { type ReceivedChange, type SubscribeOptions, subscribe } from './changes/subscribe.ts';
export { type Executor, NotATransaction, type Query, type QueryResult } from './executors/executor.ts';
export { fromDrizzle } from './executors/from-drizzle.ts';
export { fromKysely } from './executors/from-kysely.ts';
export { fromPg } from './executors/from-pg.ts';
export { fromPrisma } from './executors/from-prisma.ts';
export { fromTypeOrm } from './executors/from-typeorm.ts';
export { Inbox, type InboxOptions, inboxTable } from './inbox/inbox.ts';
export {
  Outbox,
  type OutboxJob,
  type OutboxJobOptions,
  type OutboxMessage,
  type OutboxOptions,
  outboxTable,
} from './outbox/outbox.ts';
