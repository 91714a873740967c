import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Member } from './member.ts';
import type { Settings } from './settings.ts';

/** Ends the member with the application context. */
class MemberLifecycle implements OnApplicationShutdown {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  onApplicationShutdown(): Promise<void> {
    return this.#member.stop();
  }
}

class WorkerModule {}

// Decorators are called as functions, so that the worker also runs from source on Node's own type stripping.
Module({})(WorkerModule);

/** The worker: one member of the cluster. */
export function workerModule(settings: Settings, log: Logger): DynamicModule {
  return {
    module: WorkerModule,
    providers: [
      { provide: Member, useFactory: () => new Member(settings, log) },
      { provide: MemberLifecycle, useFactory: (member: Member) => new MemberLifecycle(member), inject: [Member] },
    ],
  };
}
