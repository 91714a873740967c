import type { Dag } from '../contract/dag.ts';
import { EdgeOutbox } from '../edge/edge-outbox.ts';
import { EdgeWriter } from '../edge/edge-writer.ts';
import type { QueueBounds } from '../edge/item-queue.ts';
import { LocalStream } from '../edge/local-stream.ts';
import { PortReader, PortWriter } from '../edge/port-stream.ts';
import type { StreamReader, StreamWriter } from '../edge/stream.ts';
import type { StreamPlan } from '../plan/thread-plan.ts';
import type { InputStream } from '../tasklet/inputs.ts';

/** One edge as one of its two ends sees it. */
interface NumberedEdge<End> {
  readonly edge: number;
  readonly ends: readonly End[];
}

interface Outgoing {
  readonly outbox: EdgeOutbox;
  readonly writers: readonly StreamWriter[];
  readonly edges: readonly { readonly edge: number; readonly writer: EdgeWriter }[];
}

interface Ends {
  readonly writer?: StreamWriter;
  readonly reader?: StreamReader;
}

/** The streams of one execution that begin or end on this thread. */
export class Wiring {
  readonly #dag: Dag;
  readonly #streams: readonly { readonly plan: StreamPlan; readonly ends: Ends }[];

  constructor(dag: Dag, plans: readonly StreamPlan[], onBroken: (error: unknown) => void) {
    this.#dag = dag;
    this.#streams = plans.map((plan) => {
      const { queueRowsMax, queueBytesMax } = dag.edges[plan.edge]!;
      return { plan, ends: openStream(plan, { rowsMax: queueRowsMax, bytesMax: queueBytesMax }, onBroken) };
    });
  }

  /** The outbox of an instance and the streams it writes to. */
  outgoing(vertex: string, index: number): Outgoing {
    const edges = this.#dag.edges
      .map((edge, number) => ({ edge, number }))
      .filter(({ edge }) => edge.from === vertex)
      .sort((a, b) => a.edge.fromOrdinal - b.edge.fromOrdinal)
      .map(({ edge, number }) => {
        // Planned in the order of the destination's instances, which a partitioned edge relies on.
        const targets = this.#streams.flatMap(({ plan, ends }) =>
          plan.edge === number && plan.from === index && ends.writer !== undefined ? [ends.writer] : [],
        );
        return { edge: number, targets, writer: new EdgeWriter(edge.routing, targets) };
      });
    return {
      outbox: new EdgeOutbox(edges.map(({ writer }) => writer)),
      writers: edges.flatMap(({ targets }) => targets),
      edges,
    };
  }

  incoming(vertex: string, index: number): InputStream[] {
    return this.#streams.flatMap(({ plan, ends }) => {
      const edge = this.#dag.edges[plan.edge]!;
      if (edge.to !== vertex || plan.to !== index || ends.reader === undefined) return [];
      return [{ ordinal: edge.toOrdinal, priority: edge.priority, reader: ends.reader }];
    });
  }

  /** The queues of an instance, by edge. */
  queues(vertex: string, index: number): NumberedEdge<StreamReader>[] {
    const readers = this.#streams.flatMap(({ plan: { edge, to }, ends: { reader } }) =>
      this.#dag.edges[edge]!.to === vertex && to === index && reader !== undefined ? [{ edge, reader }] : [],
    );
    return [...Map.groupBy(readers, ({ edge }) => edge)].map(([edge, streams]) => ({
      edge,
      ends: streams.map(({ reader }) => reader),
    }));
  }

  close(): void {
    for (const { ends } of this.#streams) {
      ends.writer?.close();
      ends.reader?.close();
    }
  }
}

function openStream(plan: StreamPlan, bounds: QueueBounds, onBroken: (error: unknown) => void): Ends {
  if (plan.place === 'out') return { writer: new PortWriter(plan.port, bounds) };
  if (plan.place === 'in') return { reader: new PortReader(plan.port, bounds, onBroken) };
  const stream = new LocalStream(bounds);
  return { writer: stream, reader: stream };
}
