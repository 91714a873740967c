import { MillraceError } from '@millrace/kernel';
import { type JetStreamManager, StorageType, type StreamConfig } from '@nats-io/jetstream';
import type { SinkStage } from '../config.ts';
import { isMissing, StreamMissing, StreamUnfit, serverError } from '../errors.ts';
import type { Server } from '../server/connect.ts';
import { isSubjectOf } from '../server/subjects.ts';
import { progressSubjects } from './names.ts';

/** Settings of a stream; `undefined`: there is none. @throws MillraceError */
export async function streamConfig(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw serverError(error, `look at stream ${name}`);
  }
}

/** What a stream lacks to be written exactly once, as the changes that mend it. */
export function lacksOf({ name, subjects, allow_atomic }: StreamConfig): Partial<StreamConfig> {
  const progress = progressSubjects(name);
  const isTaken = subjects.some((filter) => isSubjectOf(progress.replace('>', 'x.x.0'), filter));
  return {
    ...(isTaken ? {} : { subjects: [...subjects, progress] }),
    ...(allow_atomic === true ? {} : { allow_atomic: true }),
  };
}

export const missing = (stream: string): MillraceError =>
  new MillraceError(StreamMissing, {
    message: `there is no stream ${stream}`,
    mend: 'Make it, or give the stage "createStream" with its subjects.',
    pointer: '/stream',
  });

export const unfit = (stream: string, lacks: Partial<StreamConfig>): MillraceError =>
  new MillraceError(StreamUnfit, {
    message: `stream ${stream} lacks ${Object.entries(lacks)
      .map(([name, value]) =>
        name === 'subjects' ? `the subject ${progressSubjects(stream)}` : `${name}: ${JSON.stringify(value)}`,
      )
      .join(' and ')}`,
    mend: 'Add that (nats stream edit), or give the stage "createStream".',
    pointer: '/stream',
  });

/** The stream as it has to be, made or changed where the stage says so. @throws MillraceError `nats.stream_missing`, `nats.stream_unfit` */
export async function openTarget({ manager }: Server, { stream, createStream }: SinkStage): Promise<StreamConfig> {
  const found = await streamConfig(manager, stream);
  try {
    if (found === undefined) {
      if (createStream === undefined) throw missing(stream);
      const { subjects, replicas } = createStream;
      const made = await manager.streams.add({
        name: stream,
        subjects: [...subjects, progressSubjects(stream)],
        storage: StorageType.File,
        num_replicas: replicas,
        allow_atomic: true,
      });
      return made.config;
    }
    const lacks = lacksOf(found);
    if (Object.keys(lacks).length === 0) return found;
    if (createStream === undefined) throw unfit(stream, lacks);
    return (await manager.streams.update(stream, { ...found, ...lacks })).config;
  } catch (error) {
    throw serverError(error, `set stream ${stream} up`);
  }
}
