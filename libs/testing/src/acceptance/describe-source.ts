import { describe, expect, it } from '@jest/globals';
import { type ChangeEvent, changeEvents, comparePositions } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import type { SavedSnapshot } from '../drivers/driven-processor.ts';
import { DrivenSource, resolvedSource } from '../drivers/driven-source.ts';
import { describeDefinition } from './describe-definition.ts';
import { handlesDownTo, isWithinStopLimit, openHandles } from './handles.ts';
import type { SourceDriver, SourceOrigin } from './source-driver.ts';
import { ascending, numbers } from './test-rows.ts';

const TEST_MS_MAX = 120_000;
/** Rows that are there before a source starts. */
const LOAD_ROWS = 600;
/** Executions that are stopped somewhere. */
const ROUNDS = 6;
const IDLE_MS = 500;
/** Calls for attention that a source may make while nothing happens for `IDLE_MS`; one that spins makes thousands. */
const IDLE_WAKES_MAX = 100;
const INSTANCES = 3;

interface SeenRow {
  readonly id: number;
  readonly position: ChangeEvent['position'];
}

type Source = DrivenSource<SeenRow>;

interface StartOptions {
  readonly restored?: SavedSnapshot | undefined;
  readonly generation?: number;
  readonly instance?: number;
  readonly parallelism?: number;
  readonly stage?: Readonly<Record<string, unknown>>;
}

/** Starts executions of one job on one origin, and closes them. */
type Start = (options?: StartOptions) => Promise<Source>;

const idsOf = (sources: readonly Source[]): number[] => sources.flatMap(({ events }) => events.map(({ id }) => id));

/** A source that has delivered `count` rows, together with what an earlier one delivered. */
const hasSeen = (source: Source, count: number) => source.until(() => source.events.length >= count);

/**
 * What every source connector has to pass at its real server. Each test has an origin of its own and rows with ids from 0. As the engine does, a
 * first execution takes a snapshot before anything moves.
 */
export function describeSourceConnector(name: string, driver: SourceDriver): void {
  const { connector } = driver;
  const { initialLoad, follows, parallel } = connector.capabilities;

  const opened = async (use: (start: Start, origin: SourceOrigin, jobId: string) => Promise<void>): Promise<void> => {
    await using origin = await driver.open();
    const jobId = ulids.next();
    const sources: Source[] = [];
    const start: Start = async ({ stage, ...options } = {}) => {
      const source = await DrivenSource.start(connector, {
        ...options,
        config: origin.config,
        stage: { ...origin.stage, ...stage },
        job: { jobId: jobId.toLowerCase() },
        read: (batch) => changeEvents(batch).map(({ after, position }) => ({ id: Number(after!['id']), position })),
      });
      sources.push(source);
      return source;
    };
    try {
      await use(start, origin, jobId.toLowerCase());
    } finally {
      await Promise.all(sources.map((source) => source.close()));
      const resolved = resolvedSource(connector, { ...origin, job: { jobId: jobId.toLowerCase() } });
      await connector.dispose?.(resolved, new AbortController().signal);
    }
  };
  const inOrder = (ids: readonly number[]): readonly number[] => (driver.isUnordered === true ? ascending(ids) : ids);
  const test = (title: string, use: Parameters<typeof opened>[0]): void => it(title, () => opened(use), TEST_MS_MAX);
  /** Rows that are there before the first execution: none for a source that only delivers what comes. */
  const load = async (origin: SourceOrigin): Promise<number> => {
    if (!initialLoad) return 0;
    await origin.insert(numbers(0, LOAD_ROWS));
    return LOAD_ROWS;
  };

  describe(`${name} is a source connector`, () => {
    describeDefinition(driver);

    test('that tells the shape of its rows before it runs', async (_, origin, jobId) => {
      const resolved = resolvedSource(connector, { ...origin, job: { jobId } });
      const { shape, findings } = await connector.describe(resolved, new AbortController().signal);
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(shape.tables).toHaveLength(1);
      expect(shape.tables[0]!.columns.map((column) => column.name)).toContain('id');
    });

    test('that hands over from what is there to what comes, each row once', async (start, origin) => {
      const loaded = await load(origin);
      const source = await start();
      source.isMoody = true;
      await source.snapshot();
      await origin.insert(numbers(loaded, loaded + 50));
      await hasSeen(source, loaded / 2);
      await origin.insert(numbers(loaded + 50, loaded + 100));
      await hasSeen(source, loaded + 100);
      const before = source.events.length;
      await origin.insert(numbers(loaded + 100, loaded + 110));
      await hasSeen(source, loaded + 110);
      expect(ascending(idsOf([source]))).toEqual(numbers(0, loaded + 110));
      expect(inOrder(source.events.slice(before).map(({ id }) => id))).toEqual(numbers(loaded + 100, loaded + 110));
    });

    test('that goes on behind any snapshot, during the load and after it', async (start, origin) => {
      let end = await load(origin);
      let restored: SavedSnapshot | undefined;
      const seen: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const source = await start({ restored, generation: round + 1 });
        source.isMoody = true;
        if (restored === undefined) await source.snapshot();
        await origin.insert(numbers(end, end + 40));
        end += 40;
        const share = Math.ceil((end - seen.length) / (ROUNDS - round));
        await hasSeen(source, round === ROUNDS - 1 ? end - seen.length : share);
        restored = await source.save();
        seen.push(...idsOf([source]));
        // Some snapshots are committed and some are not; what is delivered after one is lost with the process.
        if (round % 2 === 0) await source.commit(restored.snapshotId);
        await source.until(() => source.events.length >= share + 5 || round === ROUNDS - 1 || seen.length >= end);
        await source.close();
      }
      expect(ascending(seen)).toEqual(numbers(0, end));
    });

    test('that delivers the same again when one snapshot is restored twice', async (start, origin) => {
      const loaded = await load(origin);
      const first = await start();
      await first.snapshot();
      await origin.insert(numbers(loaded, loaded + 20));
      await hasSeen(first, loaded + 20);
      const restored = await first.save();
      await first.close();
      await origin.insert(numbers(loaded + 20, loaded + 40));
      for (const generation of [2, 3]) {
        const source = await start({ restored, generation });
        await hasSeen(source, 20);
        expect(inOrder(idsOf([source]))).toEqual(numbers(loaded + 20, loaded + 40));
        await source.close();
      }
    });

    if (driver.hasPositions === true) {
      test('whose positions grow and name one row each', async (start, origin) => {
        const source = await start();
        await source.snapshot();
        // Rows that are read by the load have none.
        await origin.insert(numbers(0, 10));
        await hasSeen(source, 10);
        for (let end = 20; end <= 100; end += 10) await origin.insert(numbers(end - 10, end));
        await hasSeen(source, 100);
        const positions = source.events.slice(10).map(({ position }) => position!);
        for (const [index, position] of positions.entries())
          if (index > 0) expect(comparePositions(positions[index - 1]!, position)).toBeLessThan(0);
      });
    }

    test('that is quiet while nothing happens, can be saved then, and hears what comes', async (start, origin) => {
      const source = await start();
      await source.snapshot();
      await origin.insert(numbers(0, 10));
      await hasSeen(source, 10);
      const wakes = source.wakes;
      const sinceMs = systemClock.monotonicMs();
      await source.until(() => systemClock.monotonicMs() - sinceMs > IDLE_MS);
      expect(source.wakes - wakes).toBeLessThan(IDLE_WAKES_MAX);
      const saved = await source.snapshot();
      expect(saved.entries.length).toBeGreaterThan(0);
      await origin.insert(numbers(10, 20));
      await hasSeen(source, 20);
      expect(inOrder(idsOf([source]))).toEqual(numbers(0, 20));
    });

    test('that waits while nobody takes its rows', async (start, origin) => {
      const loaded = await load(origin);
      const source = await start();
      source.isFull = true;
      await source.snapshot();
      await origin.insert(numbers(loaded, loaded + 1_000));
      const sinceMs = systemClock.monotonicMs();
      await source.until(() => systemClock.monotonicMs() - sinceMs > IDLE_MS);
      expect(source.events).toEqual([]);
      source.isFull = false;
      await hasSeen(source, loaded + 1_000);
      expect(ascending(idsOf([source]))).toEqual(numbers(0, loaded + 1_000));
    });

    test('that ends within the limit when it is stopped, in the middle, while it waits, and while nobody takes its rows', async (start, origin) => {
      const loaded = await load(origin);
      const first = await start();
      const restored = await first.snapshot();
      await hasSeen(first, Math.min(1, loaded));
      expect(await isWithinStopLimit(first.close())).toBe(true);
      const waiting = await start({ restored, generation: 2 });
      await hasSeen(waiting, loaded);
      expect(await isWithinStopLimit(waiting.close())).toBe(true);
      const full = await start({ restored, generation: 3 });
      full.isFull = true;
      const sinceMs = systemClock.monotonicMs();
      await full.until(() => systemClock.monotonicMs() - sinceMs > IDLE_MS);
      expect(await isWithinStopLimit(full.close())).toBe(true);
    });

    test('that leaves no file and no socket open', async (start, origin) => {
      await load(origin);
      const cycle = async (generation: number): Promise<void> => {
        const source = await start({ generation });
        await source.snapshot();
        await hasSeen(source, initialLoad ? 10 : 0);
        await source.close();
      };
      await cycle(1);
      const before = openHandles();
      for (const generation of [2, 3, 4]) await cycle(generation);
      expect(await handlesDownTo(before)).toBeLessThanOrEqual(before);
    });

    test('that counts what it does', async (start, origin) => {
      const source = await start();
      await source.snapshot();
      await origin.insert(numbers(0, 10));
      await hasSeen(source, 10);
      await source.until(() => driver.metrics.every((metric) => source.metricNames.includes(metric)));
      expect(source.metric(driver.rowCounter)).toBe(10);
    });

    if (follows === 'option') {
      test('that ends with what is there when it is told to', async (start, origin) => {
        const loaded = await load(origin);
        const source = await start({ stage: driver.bounded ?? { follow: false } });
        await source.snapshot();
        await source.run();
        expect(ascending(idsOf([source]))).toEqual(numbers(0, loaded));
      });
    }

    if (parallel) {
      test('that shares its rows between instances, also when their number changes', async (start, origin) => {
        let end = await load(origin);
        let restored: SavedSnapshot | undefined;
        const seen: number[] = [];
        for (const [round, parallelism] of [1, INSTANCES, 2].entries()) {
          const sources = await Promise.all(
            numbers(0, parallelism).map((instance) =>
              start({ restored, generation: round + 1, instance, parallelism }),
            ),
          );
          if (restored === undefined) await Promise.all(sources.map((source) => source.snapshot()));
          await origin.insert(numbers(end, end + 60));
          end += 60;
          const due = end - seen.length;
          await Promise.all(sources.map((source) => source.until(() => idsOf(sources).length >= due)));
          const saved = await Promise.all(sources.map((source) => source.save()));
          seen.push(...idsOf(sources));
          restored = { snapshotId: saved[0]!.snapshotId, entries: saved.flatMap(({ entries }) => entries) };
          await Promise.all(sources.map((source) => source.close()));
        }
        expect(ascending(seen)).toEqual(numbers(0, end));
      });
    }

    if (driver.competes === true) {
      test('that gets what an older execution has taken when that ends, each row once', async (start, origin) => {
        const old = await start();
        const restored = await old.snapshot();
        const next = await start({ restored, generation: 2 });
        await origin.insert(numbers(0, 20));
        const isTaken = (): boolean => old.events.length + next.events.length >= 20;
        await Promise.all([old.until(isTaken), next.until(isTaken)]);
        // No store takes it: it is never committed.
        await old.save();
        await old.close();
        await hasSeen(next, 20);
        const saved = await next.snapshot();
        await origin.insert(numbers(20, 30));
        await hasSeen(next, 30);
        expect(ascending(idsOf([next]))).toEqual(numbers(0, 30));
        await next.close();
        const last = await start({ restored: saved, generation: 3 });
        await hasSeen(last, 10);
        expect(ascending(idsOf([last]))).toEqual(numbers(20, 30));
      });
    } else {
      test('that an older execution does not disturb', async (start, origin) => {
        const old = await start();
        const restored = await old.snapshot();
        const next = await start({ restored, generation: 2 });
        await origin.insert(numbers(0, 10));
        await Promise.allSettled([hasSeen(next, 10), old.until(() => next.events.length >= 10)]);
        const saved = await next.snapshot();
        await origin.insert(numbers(10, 20));
        await hasSeen(next, 20);
        expect(inOrder(idsOf([next]))).toEqual(numbers(0, 20));
        await Promise.all([old.close(), next.close()]);
        const last = await start({ restored: saved, generation: 3 });
        await hasSeen(last, 10);
        expect(inOrder(idsOf([last]))).toEqual(numbers(10, 20));
      });
    }

    const { losesHistory } = driver;
    if (losesHistory !== undefined) {
      test('that says what is gone instead of going on behind it', async (start, origin) => {
        const first = await start();
        await first.snapshot();
        await origin.insert(numbers(0, 10));
        await hasSeen(first, 10);
        const restored = await first.save();
        await first.close();
        await origin.insert(numbers(10, 20));
        await origin.lose!();
        const going = async (): Promise<void> => void (await hasSeen(await start({ restored, generation: 2 }), 10));
        await expect(going()).rejects.toMatchObject({
          code: { code: expect.stringMatching(losesHistory), retry: 'after-repair' },
          mend: expect.any(String),
        });
      });
    }
  });
}
