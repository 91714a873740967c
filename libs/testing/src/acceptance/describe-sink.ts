import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { guaranteeFor, type SinkGuarantee } from '@millrace/connector-contract';
import type { SnapshotEntry } from '@millrace/engine';
import { MillraceError, systemClock, ulids } from '@millrace/kernel';
import { DrivenSink, resolvedSink } from '../drivers/driven-sink.ts';
import { describeDefinition } from './describe-definition.ts';
import { handlesDownTo, isWithinStopLimit, openHandles } from './handles.ts';
import { runAndKill, runScenario, SCENARIO_ROWS } from './scenario.ts';
import { crashAndGoOn, Job, MOMENTS, WAKES } from './sink-crash.ts';
import type { PrivateServer, SinkDriver, SinkTarget } from './sink-driver.ts';
import { ascending, insertBatch, insertBatches, numbers, TEST_TABLE } from './test-rows.ts';

const TEST_MS_MAX = 180_000;
/** Moments by which each attempt of the scenario gets further than the one before. */
const KILL_STEP = 7;
/** A sink that takes this much without a turn of the event loop takes anything. */
const HELD_BYTES_MAX = 300 * 1_024 * 1_024;
const LOOKS_MAX = 400;
const LOOK_AGAIN_MS = 50;
const LARGE_ROW_BYTES = 10_000;
const LARGE_BATCH_ROWS = 100;

/** A step that goes on while the server is killed and comes back. */
async function whileRestarting<T>(server: PrivateServer, run: () => Promise<T>): Promise<T> {
  const restarting = server.restart();
  try {
    return await run();
  } finally {
    await restarting;
  }
}

/**
 * What every sink connector has to pass at its real server. The rows are those of `TEST_TABLE`, ids from 0; `open` gives each test a place of its own.
 */
export function describeSinkConnector(name: string, driver: SinkDriver): void {
  const { connector } = driver;

  /** Rows 0 to before `end` are there, once each, and nothing is under way. */
  const sees = async (target: SinkTarget, end: number): Promise<void> => {
    expect(ascending(await target.read(false))).toEqual(numbers(0, end));
  };
  /** The same while something is prepared. What is committed may show a moment later. */
  const seesBeside = async (target: SinkTarget, end: number): Promise<void> => {
    let seen = await target.read(true);
    for (let looks = 1; seen.length < end && looks < LOOKS_MAX; looks++) {
      await systemClock.sleep(LOOK_AGAIN_MS);
      seen = await target.read(true);
    }
    expect(ascending(seen)).toEqual(numbers(0, end));
  };
  const left = async (target: SinkTarget, jobId: string): Promise<readonly string[]> =>
    (await target.leftovers?.(jobId)) ?? [];
  const opened = async (use: (job: Job, target: SinkTarget, jobId: string) => Promise<void>): Promise<void> => {
    await using target = await driver.open();
    const jobId = ulids.next();
    await using job = new Job(driver, target, jobId);
    await use(job, target, jobId);
  };
  const test = (title: string, use: (job: Job, target: SinkTarget, jobId: string) => Promise<void>): void =>
    it(title, () => opened(use), TEST_MS_MAX);

  describe(`${name} is a sink connector`, () => {
    describeDefinition(driver);

    test('that shows rows when it says so, and commits twice without harm', async (job, target) => {
      const stage = connector.stage.parse(target.stage);
      const sink = await job.start(1);
      await sink.write(...insertBatches(0, 20));
      await sink.prepare(1);
      const { level, visible } = guaranteeFor(connector, stage) as SinkGuarantee;
      const isAtOnce = visible === 'at-once';
      await seesBeside(target, isAtOnce ? 20 : 0);
      await sink.write(...insertBatches(20, 30));
      await sink.commit(1);
      await sink.commit(1);
      if (!isAtOnce) await seesBeside(target, 20);
      await sink.snapshot(2);
      await sees(target, 30);
      expect(level).toBe('exactly-once');
      // The other way round it need not be: rows of an initial load may wait for their snapshot.
      expect(isAtOnce || !connector.showsRowsAtOnce(stage)).toBe(true);
    });

    test('that takes the shape of the rows', async (_, target, jobId) => {
      const options = resolvedSink(connector, { ...target, job: { jobId } });
      const shape = { tables: [TEST_TABLE], hasPositions: true };
      const findings = await connector.checkStage(options, shape, new AbortController().signal);
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    });

    test('that leaves the rest of bounded input to the last snapshot, or shows it at the end', async (job, target) => {
      const sink = await job.start(1);
      await sink.write(...insertBatches(0, 20));
      await sink.complete();
      await sink.snapshot(1);
      await sees(target, 20);
    });

    const crashes = MOMENTS.flatMap((moment) => WAKES.map((wakes) => [moment, wakes] as const));
    it.each(crashes)(
      'that has every row once when an execution stops %s and wakes up %s',
      (moment, wakes) =>
        opened(async (job, target, jobId) => {
          const { outcomes, record } = await crashAndGoOn(job, moment, wakes);
          await sees(target, 40);
          for (const outcome of outcomes) if (outcome !== 'done') expect(outcome).toMatch(driver.fenced);
          // What the old one began after the newer one had cleaned up is cleaned up by the next.
          await (await job.start(3, record)).close();
          await sees(target, 40);
          expect(await left(target, jobId)).toEqual([]);
        }),
      TEST_MS_MAX,
    );

    test('that has every row once when processes are killed with -9, each a little later', async (_, target, jobId) => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-acceptance-'));
      try {
        const { config, stage } = target;
        const scenario = { config, stage, jobId, record: join(folder, 'record.json') };
        let generation = 1;
        while (
          await runAndKill({ ...scenario, module: driver.module, generation, killAt: 2 + (generation - 1) * KILL_STEP })
        )
          generation += 1;
        expect(generation).toBeGreaterThan(3);
        await runScenario({ ...scenario, connector, generation: generation + 1 });
        await sees(target, SCENARIO_ROWS);
        expect(await left(target, jobId)).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    test('that refuses to start an execution older than the newest', async (job, target) => {
      const entries = await (await job.start(2)).prepare(1);
      const older = job.start(1, { snapshotId: 1, entries });
      await expect(older).rejects.toMatchObject({ code: { code: expect.stringMatching(driver.fenced) } });
      await sees(target, 0);
    });

    test('that restores one snapshot as often as it takes', async (job, target) => {
      const first = await job.start(1);
      await first.write(...insertBatches(0, 10));
      const restored = { snapshotId: 1, entries: await first.prepare(1) };
      await first.write(...insertBatches(10, 20));
      await first.prepare(2);
      const { visible } = guaranteeFor(connector, connector.stage.parse(target.stage)) as SinkGuarantee;
      const isAtOnce = visible === 'at-once';
      for (const generation of [2, 3]) {
        await (await job.start(generation, restored)).close();
        await sees(target, isAtOnce ? 20 : 10);
      }
      const last = await job.start(4, restored);
      await last.write(...insertBatches(10, 20));
      await last.snapshot(2);
      await sees(target, 20);
    });

    if (connector.capabilities.parallel && driver.oneInstance !== true) {
      test('that goes on with fewer and with more instances', async (job, target, jobId) => {
        let restored: { readonly snapshotId: number; readonly entries: readonly SnapshotEntry[] } | undefined;
        let end = 0;
        for (const [index, parallelism] of [3, 2, 1, 3].entries()) {
          const instances = await Promise.all(
            numbers(0, parallelism).map((instance) => job.start(index + 1, restored, { instance, parallelism })),
          );
          await sees(target, end);
          const snapshotId = index + 1;
          const entries: SnapshotEntry[] = [];
          for (const [at, sink] of instances.entries()) {
            await sink.write(insertBatch(end + at * 10, end + at * 10 + 10));
            entries.push(...(await sink.prepare(snapshotId)));
            // Of a snapshot that is never recorded: the next execution writes it again, or others do.
            await sink.write(insertBatch(1_000 + at, 1_001 + at));
            await sink.prepare(snapshotId + 1);
          }
          end += parallelism * 10;
          restored = { snapshotId, entries };
        }
        await job.start(9, restored);
        await sees(target, end);
        expect(await left(target, jobId)).toEqual([]);
      });
    }

    if (driver.writesAtOnce !== true) {
      test('that takes only so much before it says "not now", and then goes on', async (job, target) => {
        const sink = await job.start(1);
        const note = 'n'.repeat(LARGE_ROW_BYTES);
        const batchOf = (at: number) => insertBatch(at * LARGE_BATCH_ROWS, (at + 1) * LARGE_BATCH_ROWS, note);
        let batches = 0;
        // No turn of the event loop in between: nothing can leave.
        while (sink.offer(batchOf(batches))) {
          batches += 1;
          expect(batches * LARGE_ROW_BYTES * LARGE_BATCH_ROWS).toBeLessThan(HELD_BYTES_MAX);
        }
        await sink.write(batchOf(batches));
        await sink.snapshot(1);
        await sees(target, (batches + 1) * LARGE_BATCH_ROWS);
      });
    }

    test('that ends within the limit when it is stopped in the middle', async (job, target) => {
      const first = await job.start(1);
      await first.write(...insertBatches(0, 10));
      const restored = { snapshotId: 1, entries: await first.snapshot(1) };
      for (const step of ['write', 'prepare'] as const) {
        const sink = await job.start(step === 'write' ? 2 : 3, restored);
        const writing = sink.write(...insertBatches(10, 400));
        const going = step === 'write' ? writing : writing.then(() => sink.prepare(2));
        const stopped = expect(going.then(() => 'done', String)).resolves.toMatch(/done|stopped|MillraceError/);
        expect(await isWithinStopLimit(sink.close())).toBe(true);
        await stopped;
      }
      const last = await job.start(4, restored);
      await last.write(...insertBatches(10, 20));
      await last.snapshot(2);
      await sees(target, 20);
    });

    test('that leaves no file and no socket open', async (_, target) => {
      const cycle = async (jobId: string, isFailing: boolean): Promise<void> => {
        const options = { ...target, job: { jobId } };
        await using sink = await DrivenSink.start(connector, options);
        await sink.write(...insertBatches(0, 20));
        await sink.prepare(1);
        if (isFailing) {
          // Refused at its start, with all that it had opened.
          await using newer = await DrivenSink.start(connector, { ...options, generation: 3 });
          await expect(DrivenSink.start(connector, { ...options, generation: 2 })).rejects.toBeInstanceOf(
            MillraceError,
          );
          await newer.close();
        } else await sink.commit(1);
      };
      await cycle(ulids.next(), true);
      const before = openHandles();
      for (const isFailing of [false, true, false]) await cycle(ulids.next(), isFailing);
      expect(await handlesDownTo(before)).toBeLessThanOrEqual(before);
    });

    test('that counts what it does', async (job) => {
      const sink = await job.start(1);
      await sink.write(...insertBatches(0, 20));
      await sink.snapshot(1);
      expect(sink.metric('rowsWritten')).toBe(20);
      expect(sink.metricNames).toEqual(expect.arrayContaining([...(driver.metrics ?? [])]));
    });

    if (connector.dispose !== undefined) {
      test('that removes what a deleted job has left, twice', async (job, target, jobId) => {
        const sink = await job.start(1);
        await sink.write(...insertBatches(0, 10));
        await sink.snapshot(1);
        await sink.write(...insertBatches(10, 20));
        await sink.prepare(2);
        await sink.close();
        const seen = ascending(await target.read(true));
        const options = resolvedSink(connector, { ...target, job: { jobId } });
        for (let round = 0; round < 2; round++) {
          await connector.dispose!(options, new AbortController().signal);
          expect(await left(target, jobId)).toEqual([]);
          expect(ascending(await target.read(false))).toEqual(driver.goesWithJob === true ? [] : seen);
        }
      });
    }

    if (driver.refuses === true) {
      test('that names the row the server refuses, loses none beside it and repeats none when it is mended', async (job, target) => {
        const first = await job.start(1);
        await first.write(...insertBatches(0, 10));
        let restored = { snapshotId: 1, entries: await first.snapshot(1) };
        const undo = await target.refuse!(15);
        const failing = async (): Promise<void> => {
          await first.write(...insertBatches(10, 30));
          restored = { snapshotId: 2, entries: await first.prepare(2) };
          await first.commit(2);
        };
        await expect(failing()).rejects.toMatchObject({
          code: { code: expect.stringMatching(new RegExp(`^${connector.type}\\.`)), retry: 'after-repair' },
          mend: expect.any(String),
        });
        await undo();
        const next = await job.start(2, restored);
        if (restored.snapshotId === 1) await next.write(...insertBatches(10, 30));
        await next.write(...insertBatches(30, 40));
        await next.snapshot(restored.snapshotId + 1);
        await sees(target, 40);
      });
    }

    if (driver.startServer !== undefined) {
      it(
        'that has every row once when the server is killed in the middle and comes back',
        async () => {
          await using server = await driver.startServer!();
          await using job = new Job(driver, server.target, ulids.next());
          let sink = await job.start(1);
          let restored = { snapshotId: 1, entries: await sink.snapshot(1) };
          let generation = 1;
          let position = 0;
          /** Twenty more rows; the server is killed and comes back while this step of theirs goes on. */
          const twenty = async (killed: string | undefined): Promise<void> => {
            const snapshotId = restored.snapshotId + 1;
            const end = position + 20;
            const step = <T>(name: string, run: () => Promise<T>): Promise<T> =>
              name === killed ? whileRestarting(server, run) : run();
            await step('write', () => sink.write(...insertBatches(position, end)));
            restored = { snapshotId, entries: await step('prepare', () => sink.prepare(snapshotId)) };
            position = end;
            await step('commit', () => sink.commit(snapshotId));
          };
          for (const killed of ['write', 'prepare', 'commit', undefined]) {
            try {
              await twenty(killed);
            } catch (error) {
              // Failing is fine where the engine tries again by itself.
              expect(error).toMatchObject({ code: { retry: 'later' } });
              generation += 1;
              sink = await job.start(generation, restored);
            }
          }
          while (position < 80) await twenty(undefined);
          await sees(server.target, 80);
        },
        TEST_MS_MAX,
      );
    }
  });
}
