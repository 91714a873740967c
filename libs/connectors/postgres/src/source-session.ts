import type { ProcessorContext } from '@millrace/engine';
import type { Lsn } from '@millrace/formats';
import type { Client } from 'pg';
import { type PostgresSourceOptions, partTables } from './config.ts';
import type { InitialLoad } from './initial-load/contract.ts';
import { PostgresLoad } from './initial-load/postgres-load.ts';
import { makeRowSocket } from './initial-load/row-socket.ts';
import type { SourceState } from './position/source-state.ts';
import { readTableSchemas } from './preflight/table-catalog.ts';
import { createPublication, verifyPublication } from './publication/publication.ts';
import { openSession } from './session.ts';
import { type ReplicationNames, replicationNames } from './slot/replication-names.ts';
import { createSlot, verifySlot } from './slot/slot.ts';
import { ChangeStream } from './stream/change-stream.ts';
import type { EventWriter } from './stream/event-writer.ts';
import { readTableCatalog } from './types/table-catalog.ts';

export interface SourceSessionOptions extends PostgresSourceOptions {
  readonly restored: SourceState | undefined;
  readonly writer: EventWriter;
  readonly context: ProcessorContext;
  /** Called about once a second. */
  readonly measure: () => void;
}

/** What a running source holds at its database. */
export interface SourceSession {
  readonly stream: ChangeStream;
  readonly load: InitialLoad | undefined;
  close(): Promise<void>;
}

/** Prepares publication and slot, or checks them, and opens stream and initial load. What was opened is closed again when a step fails. */
export async function openSourceSession(options: SourceSessionOptions): Promise<SourceSession> {
  const { config, job, context, writer } = options;
  const { signal, clock } = context;
  const names = replicationNames(job);
  const session = await openSession(config, { applicationName: `millrace source ${job.jobName}` }, signal);
  let load: InitialLoad | undefined;
  try {
    const resumeLsn = await resumePosition(session, names, options);
    load = await openLoad(session, options, resumeLsn);
    const stream = await ChangeStream.open({
      connect: (socket) =>
        openSession(
          config,
          { applicationName: `millrace stream ${job.jobName}`, replication: true, stream: socket },
          signal,
        ),
      session,
      clock,
      signal,
      ...names,
      resumeLsn,
      catalog: await readTableCatalog(session, names.publication),
      messagePrefixes: partTables(options.stage.tables).prefixes,
      writer,
      load,
      wake: () => context.wake(),
      measure: options.measure,
      fail: (error) => context.fail(error),
    });
    return { stream, load, close: () => closeAll(session, load, stream) };
  } catch (error) {
    await closeAll(session, load);
    throw error;
  }
}

/** Where the stream begins: the saved position, if publication and slot still have it, or the consistent point of a new slot. */
async function resumePosition(session: Client, names: ReplicationNames, options: SourceSessionOptions): Promise<Lsn> {
  const { restored, stage, context } = options;
  const { tables } = partTables(stage.tables);
  if (restored !== undefined) {
    await verifyPublication(session, names.publication, tables);
    await verifySlot(session, names.slot, restored.resumeLsn);
    return restored.resumeLsn;
  }
  await createPublication(session, names.publication, tables);
  return await createSlot(session, names.slot, context.clock, context.signal);
}

async function openLoad(
  session: Client,
  options: SourceSessionOptions,
  resumeLsn: Lsn,
): Promise<InitialLoad | undefined> {
  const { config, stage, job, context, restored } = options;
  const { tables } = partTables(stage.tables);
  const loadsNew = stage.initialLoad === 'full';
  const reloads = options.reloads ?? [];
  const loadsNothing = !loadsNew && restored?.load === undefined && reloads.length === 0;
  if (tables.length === 0 || loadsNothing) return undefined;
  return new PostgresLoad({
    open: () =>
      openSession(config, { applicationName: `millrace load ${job.jobName}`, stream: makeRowSocket }, context.signal),
    tables: await readTableSchemas(session, tables),
    restored: restored?.load,
    loadsNew,
    reloads,
    resumeLsn,
    sinksShowRowsAtOnce: options.sinksShowRowsAtOnce,
    connections: stage.loadConnections,
    chunkRows: stage.chunkRows,
    clock: context.clock,
    wake: () => context.wake(),
    fail: (error) => context.fail(error),
  });
}

async function closeAll(session: Client, load: InitialLoad | undefined, stream?: ChangeStream): Promise<void> {
  try {
    await Promise.all([stream?.close(), load?.close()]);
  } finally {
    await session.end();
  }
}
