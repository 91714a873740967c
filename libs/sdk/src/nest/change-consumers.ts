import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { type Consumer, consume } from '../changes/consume.ts';
import { backOff, later, wait } from '../changes/wait.ts';
import { ApiProblem } from '../client/api-problem.ts';
import { Connection } from '../client/connection.ts';
import { Inbox } from '../inbox/inbox.ts';
import { ChangeContext } from './change-context.ts';
import { ensureSubscription, jobProblem, showSubscription } from './ensure-subscription.ts';
import { type Call, ConsumerHandlers, type FoundHandler } from './handlers.ts';
import { marksOf } from './on-change.decorator.ts';
import { CONSUMER_PREFIX, type ConsumerOptions, MILLRACE_OPTIONS, type MillraceModuleOptions } from './options.ts';

const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 10_000;
const PRUNE_MS = 3_600_000;
const WATCH_MS = 5_000;

/** How a consumer is doing, for health checks. */
export interface ConsumerState {
  readonly consumer: string;
  readonly partitions: number;
  /** What keeps it from working; it is tried again. */
  readonly problem: string | undefined;
}

interface Running {
  readonly handlers: ConsumerHandlers;
  consumer: Consumer | undefined;
  problem: string | undefined;
  /** Why no changes come. */
  jobProblem: string | undefined;
}

/** Finds the handlers of the application and has them called. */
@Injectable()
export class ChangeConsumers implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('Millrace');
  readonly #closing = new AbortController();
  readonly #running: Running[] = [];
  readonly #starting: Promise<void>[] = [];
  readonly #options: MillraceModuleOptions;
  readonly #inbox: Inbox<unknown> | undefined;
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  #cancelPruning = (): void => {};

  constructor(
    @Inject(MILLRACE_OPTIONS) options: MillraceModuleOptions,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(MetadataScanner) scanner: MetadataScanner,
  ) {
    this.#options = options;
    this.#discovery = discovery;
    this.#scanner = scanner;
    const { executor, inbox } = options;
    if (executor !== undefined) this.#inbox = new Inbox({ executor, table: inbox?.table, keptDays: inbox?.keptDays });
  }

  get states(): readonly ConsumerState[] {
    return this.#running.map(({ handlers, consumer, problem, jobProblem }) => ({
      consumer: handlers.options.consumer,
      partitions: consumer?.partitions ?? 0,
      problem: problem ?? jobProblem ?? (consumer === undefined ? 'it is being started' : undefined),
    }));
  }

  /** @throws HandlersInvalid; what is wrong with the api or the database is tried again */
  onApplicationBootstrap(): void {
    const given = new Map(this.#consumerOptions().map((options) => [options.consumer, options]));
    const byConsumer = Map.groupBy(this.#find(), ({ mark }) => mark.consumer);
    for (const [consumer, found] of byConsumer)
      this.#running.push({
        handlers: new ConsumerHandlers(given.get(consumer) ?? { consumer }, found),
        consumer: undefined,
        problem: undefined,
        jobProblem: undefined,
      });
    for (const running of this.#running) this.#starting.push(this.#start(running));
    if (this.#inbox !== undefined) this.#pruneLater(this.#inbox);
  }

  /** Before the connections of the service close. */
  async onModuleDestroy(): Promise<void> {
    this.#closing.abort(new Error('the service ends'));
    this.#cancelPruning();
    await Promise.all(this.#starting);
    await Promise.all(this.#running.map(async ({ consumer }) => consumer?.stop()));
  }

  #consumerOptions(): readonly ConsumerOptions[] {
    return this.#discovery
      .getProviders()
      .filter(({ token }) => typeof token === 'string' && token.startsWith(CONSUMER_PREFIX))
      .map(({ instance }) => instance as ConsumerOptions);
  }

  #find(): readonly FoundHandler[] {
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    return wrappers.flatMap(({ instance }) => {
      if (typeof instance !== 'object' || instance === null) return [];
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (prototype === null || prototype === Object.prototype) return [];
      return this.#scanner.getAllMethodNames(prototype).flatMap((method) =>
        marksOf(prototype, method).map((mark) => ({
          mark,
          name: `${prototype.constructor.name}.${method}`,
          call: (instance as Record<string, Call>)[method]!.bind(instance),
        })),
      );
    });
  }

  /** Until the subscription is there and the inbox too. */
  async #start(running: Running): Promise<void> {
    const { signal } = this.#closing;
    const { createSubscriptions = true, inbox } = this.#options;
    const connection = new Connection(this.#options);
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        if (inbox?.migrate !== false) await this.#inbox?.migrate();
        await ensureSubscription(connection, running.handlers.wanted, createSubscriptions);
        if (signal.aborted) return;
        running.jobProblem = 'the job of the subscription has not been seen running';
        running.consumer = this.#consume(running);
        running.problem = undefined;
        break;
      } catch (error) {
        this.#tell(running, error);
        // What is refused now may be there in a moment: services that start together make tables that others follow.
        await wait(backOff(attempt, RETRY_MS_MIN, RETRY_MS_MAX, Math.random), signal);
      }
    }
    await this.#watchJob(running, connection);
  }

  /** A service that waits for changes can't tell by itself that none come because their job stands. */
  async #watchJob(running: Running, connection: Connection): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const { consumer } = running.handlers.options;
        running.jobProblem = jobProblem(await showSubscription(connection, consumer));
      } catch {
        // The stream tells that the api does not answer.
      }
      await wait(running.jobProblem === undefined ? WATCH_MS : RETRY_MS_MIN, signal);
    }
  }

  #consume(running: Running): Consumer {
    const { consumer, concurrency, retry } = running.handlers.options;
    const { drainMs } = this.#options;
    return consume({
      ...this.#options,
      subscription: consumer,
      concurrency,
      retry,
      drainMs,
      handle: async (change, { attempt, signal }) => {
        const call = running.handlers.of(change);
        if (call === undefined) return;
        await call(change, new ChangeContext({ consumer, attempt, signal, change: change.id, inbox: this.#inbox }));
      },
      onFailure: ({ change, attempt, error }) =>
        this.#log.error(
          `${consumer}: ${change.operation} of ${change.table} at ${change.id} failed (try ${attempt}): ${String(error)}`,
          error instanceof Error ? error.stack : undefined,
        ),
      onProblem: (problem) => {
        if (problem === undefined) running.problem = undefined;
        else this.#tell(running, problem);
      },
    });
  }

  #tell(running: Running, error: unknown): void {
    const mend = error instanceof ApiProblem && error.mend !== undefined ? ` ${error.mend}` : '';
    const problem = `${error instanceof Error ? error.message : String(error)}${mend}`;
    if (running.problem !== problem) this.#log.warn(`${running.handlers.options.consumer}: ${problem}`);
    running.problem = problem;
  }

  #pruneLater(inbox: Inbox<unknown>): void {
    this.#cancelPruning = later(PRUNE_MS, () => {
      inbox.prune().catch((error: unknown) => this.#log.warn(`the inbox could not be pruned: ${String(error)}`));
      this.#pruneLater(inbox);
    });
  }
}
