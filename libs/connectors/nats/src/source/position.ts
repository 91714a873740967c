import { MillraceError } from '@millrace/kernel';
import { isMissing, PositionLost, StreamMissing, serverError } from '../errors.ts';
import type { Server } from '../server/connect.ts';

/** Where a job stands in a stream. */
export interface Position {
  /** When the stream was made: one that was made anew counts anew. */
  readonly created: string;
  /** Of the last message that was handed on, or passed by; 0: none. */
  readonly sequence: number;
}

/** What a stream has. */
export interface StreamState {
  readonly created: string;
  readonly first: number;
  readonly last: number;
}

/** @throws MillraceError `nats.stream_missing` */
export async function stateOf({ manager }: Server, stream: string): Promise<StreamState> {
  try {
    const { created, state } = await manager.streams.info(stream);
    return { created, first: state.first_seq, last: state.last_seq };
  } catch (error) {
    if (!isMissing(error)) throw serverError(error, `look at stream ${stream}`);
    const mend = 'Make it, or correct "stream" of the stage.';
    throw new MillraceError(StreamMissing, { message: `there is no stream ${stream}`, mend, pointer: '/stream' });
  }
}

/** @throws MillraceError `nats.position_lost` when messages behind the position are gone */
export function checkHistory(stream: string, { created, sequence }: Position, state: StreamState): void {
  if (created !== state.created) {
    throw positionLost(
      `stream ${stream} was made anew at ${state.created}, and this job had read the one of ${created}`,
    );
  }
  if (state.first <= sequence + 1) return;
  throw positionLost(
    `stream ${stream} begins with message ${state.first} now, and this job had read up to ${sequence}: what lies between is gone`,
  );
}

const positionLost = (message: string): MillraceError =>
  new MillraceError(PositionLost, {
    message,
    mend: 'Limits of the stream were shorter than the job was down, or somebody purged it. Raise them, and start the job anew (from: earliest reads what is left).',
  });
