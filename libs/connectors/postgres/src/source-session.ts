import type { ProcessorContext } from '@millrace/engine';
import type { Lsn } from '@millrace/formats';
import type { Client } from 'pg';
import type { InitialLoad } from './initial-load/contract.ts';
import type { SourceState } from './position/source-state.ts';
import { openSession } from './session.ts';
import type { PostgresSourceOptions } from './source.ts';
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
  const { config, job, restored, context, writer } = options;
  const { signal, clock } = context;
  const session = await openSession(config, { applicationName: `millrace source ${job.jobName}` }, signal);
  let load: InitialLoad | undefined;
  try {
    const names = {
      slot: `millrace_${job.jobId.toLowerCase()}_${job.stage}`,
      publication: `millrace_${job.jobId.toLowerCase()}_${job.stage}`,
    };
    const resumeLsn = restored?.resumeLsn ?? (0n as Lsn);
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

async function closeAll(session: Client, load: InitialLoad | undefined, stream?: ChangeStream): Promise<void> {
  try {
    await Promise.all([stream?.close(), load?.close()]);
  } finally {
    await session.end();
  }
}
