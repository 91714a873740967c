import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type MillraceError, systemClock } from '@millrace/kernel';
import { type SharedKafka, testKafka } from '@millrace/testing';
import { Fenced } from '../errors.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { type Freeze, freezeAt, watchRequests } from '../test-support/frozen-requests.ts';
import { EVENT_COUNT, newCoordination, runScenario, type ScenarioOptions } from '../test-support/scenario.ts';
import { newTopic } from '../test-support/test-cluster.ts';

/** Rows of an initial load: those of the first snapshot. */
const LOADED = 100;
const GOES_ON_MS = 25;
const TRIES_MAX = 5;
const STEPS_MAX = 150;
let kafka: SharedKafka;
let jobCount = 0;

beforeAll(async () => {
  kafka = await testKafka();
});
afterEach(() => {
  jest.restoreAllMocks();
});

async function idsInOrder(topic: string): Promise<number[]> {
  const messages = await committedMessages(kafka.brokers, [topic]);
  return messages.map(({ value }) => (JSON.parse(value!) as { id: number }).id);
}

/** As the engine does: begins again when another execution was in the way. */
async function runToTheEnd(options: ScenarioOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await runScenario(options);
    } catch (error) {
      if ((error as MillraceError).code !== Fenced || tries === TRIES_MAX) throw error;
    }
  }
}

describe('the kafka sink with continuous commits, when an execution', () => {
  // Before a request, with nothing else going on, is after the one before it.
  it.each(['before', 'alone'] as const)(
    'is paused %s any of its requests and wakes up later, shows every event once and in order',
    async (when) => {
      const running = new AsyncLocalStorage<Freeze>();
      watchRequests(running, when);
      const outcomes = new Set<string>();
      let steps = 0;
      for (let isOver = false; !isOver && steps < STEPS_MAX; steps++) {
        const options = {
          brokers: kafka.brokers,
          topic: await newTopic(kafka.brokers),
          jobId: `continuous-${process.pid}-${jobCount++}`,
          coordination: newCoordination(),
          stage: { commit: 'continuous', commitInterval: '1ms' },
          loaded: LOADED,
          eventsPerBatch: 50,
        };
        const freeze = freezeAt(steps + 1);
        const stopped = running.run(freeze, () =>
          runScenario(options).then(
            () => 'finished',
            (error: MillraceError) => error.code?.code ?? error.message,
          ),
        );
        isOver = (await Promise.race([freeze.reached.promise, stopped])) === 'finished';
        if (!isOver) {
          // As far as it goes without that request.
          if (when === 'alone') await systemClock.sleep(GOES_ON_MS);
          await runToTheEnd(options);
          expect([steps, await idsInOrder(options.topic)]).toEqual([steps, [...Array(EVENT_COUNT).keys()]]);
          freeze.released.resolve();
          outcomes.add(await stopped);
          await runToTheEnd(options);
        }
        expect([steps, await idsInOrder(options.topic)]).toEqual([steps, [...Array(EVENT_COUNT).keys()]]);
      }
      expect(steps).toBeGreaterThan(40);
      expect([...outcomes]).toEqual(expect.arrayContaining(['kafka.fenced']));
    },
    240_000,
  );
});
