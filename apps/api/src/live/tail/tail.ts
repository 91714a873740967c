import type { JobFigures, TapWish } from '@millrace/cluster';
import { errorCode, type IdSource, MillraceError, systemClock, ulids } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { Executions } from '../../queue/executions.ts';
import type { EventStream } from '../stream/event-stream.ts';
import type { TailQuery } from './tail.schemas.ts';

const ROWS_PER_SECOND = 50;
const RENEW_MS = 1_000;
/** Renewals in a row that may fail before the stream is told. */
const FAILURES_MAX = 5;
const AWAY = 'Redis does not answer; look again when it is back';

const NothingToSee = errorCode('tail.no_such_edge', {
  domain: 'user',
  retry: 'never',
  title: 'There is no such vertex or edge',
});

type Edges = JobFigures['edges'];

/** The edges somebody asked for. @throws MillraceError `tail.no_such_edge` */
export function edgesOf({ vertices, edges }: JobFigures, { vertex, edge }: Pick<TailQuery, 'vertex' | 'edge'>): Edges {
  const chosen =
    edge !== undefined
      ? edges.filter((each) => each.edge === Number(edge))
      : vertex === undefined
        ? edges.filter(({ from }) => vertices.some((each) => each.vertex === from && each.isSource))
        : edgesAt(edges, vertex);
  if (chosen.length > 0) return chosen;
  throw new MillraceError(NothingToSee, {
    message: edge === undefined ? `no edge begins or ends at a vertex "${vertex}"` : `there is no edge ${edge}`,
    mend: `Vertices are ${vertices.map((each) => each.vertex).join(', ')}; edges 0 to ${edges.length - 1}.`,
    details: { parameter: edge === undefined ? 'vertex' : 'edge' },
  });
}

function edgesAt(edges: Edges, vertex: string): Edges {
  const leaving = edges.filter(({ from }) => from === vertex);
  return leaving.length > 0 ? leaving : edges.filter(({ to }) => to === vertex);
}

/** Shows rows of running jobs to those who look, as long as they look. */
@Injectable()
export class Tail {
  readonly #ids: IdSource = ulids;

  constructor(private readonly executions: Executions) {}

  /** Sends samples until the viewer leaves: then the wish is withdrawn, and would lapse within seconds by itself. */
  async show(stream: EventStream, figures: JobFigures, edges: Edges, filter: string | undefined): Promise<void> {
    const { jobId, jobName } = figures;
    const id = this.#ids.next();
    const { samples } = this.executions;
    const wish = { id, edges: edges.map(({ edge }) => edge), filter, rowsPerSecond: ROWS_PER_SECOND };
    let passedOver = 0;
    const fail = (message: string): void => {
      stream.send({ event: 'failed', data: JSON.stringify({ message }) });
      stream.end();
    };
    const listening = samples.listen(id, (sample) => {
      if (sample.error !== undefined) {
        fail(sample.error);
        return;
      }
      passedOver += sample.passedOver;
      if (!stream.isReady) {
        // A slow viewer is told how many he missed.
        passedOver += sample.rows.length;
        return;
      }
      stream.send({ event: 'rows', data: JSON.stringify({ rows: sample.rows, passedOver }) });
      passedOver = 0;
    });
    const leave = await listening.catch(() => undefined);
    if (leave === undefined) {
      fail(AWAY);
      return;
    }
    const stop = this.#renew(jobId, wish, fail);
    const begun = {
      job: { id: jobId, name: jobName },
      edges: edges.map(({ edge, from, to }) => ({ edge, from, to })),
      rowsPerSecond: ROWS_PER_SECOND,
    };
    stream.send({ event: 'begun', data: JSON.stringify(begun) });
    stream.whenEnded(() => {
      stop();
      leave();
      samples.board.withdraw(jobId, id).catch(() => undefined);
    });
  }

  #renew(jobId: string, wish: Omit<TapWish, 'beat'>, onFailure: (message: string) => void): () => void {
    let cancel: () => void = () => {};
    let isOver = false;
    let failures = 0;
    const renew = async (beat: number): Promise<void> => {
      try {
        await this.executions.samples.board.wish(jobId, { ...wish, beat });
        failures = 0;
      } catch {
        failures += 1;
      }
      if (isOver) return;
      if (failures > FAILURES_MAX) onFailure(AWAY);
      else cancel = systemClock.timer(RENEW_MS, () => void renew(beat + 1));
    };
    void renew(0);
    return () => {
      isOver = true;
      cancel();
    };
  }
}
