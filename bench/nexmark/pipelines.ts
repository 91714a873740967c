import { AggregateOperations } from '@millrace/operators';
import {
  Pipeline,
  Sinks,
  Sources,
  type StreamSource,
  type StreamSourceStage,
  sliding,
  tumbling,
} from '@millrace/pipeline';
import { nowMs, TIME, timeMs } from './board.ts';
import type { Bid, Event } from './events.ts';
import { GeneratorSource } from './generator-source.ts';
import type { NexmarkSpec } from './job-runner.ts';
import { Recorder, type WindowCount } from './recorder.ts';
import { isLatency, PARALLELISM, SLIDE_MS, WINDOW_MS } from './workloads.ts';

const { counting, toList, coAggregate } = AggregateOperations;

/** The pipelines of the bench, as a user writes them. */
export function nexmarkPipeline(spec: NexmarkSpec): Pipeline {
  const pipeline = Pipeline.create();
  switch (spec.workload.pipeline) {
    case 'stateless':
      pipeline
        .readFrom(eventSource<Bid>(spec, undefined))
        .withoutTimestamps()
        .map((bid) => ({
          auction: bid.auction,
          bidder: bid.bidder,
          price: Math.floor((bid.price * 908) / 1_000),
          dateTime: bid.dateTime,
        }))
        .filter((bid) => bid.auction % 123 === 0)
        .writeTo(recording<Bid>(spec, (recorder, bid) => recorder.bid(bid)));
      break;
    case 'window':
      timed(pipeline.readFrom(eventSource<Bid>(spec, SLIDE_MS)))
        .groupingKey((bid) => bid.auction)
        .window(sliding(WINDOW_MS, SLIDE_MS))
        .aggregate(counting())
        .writeTo(
          isLatency(spec.workload)
            ? timing(spec)
            : recording<WindowCount>(spec, (recorder, row) => recorder.windowCount(row)),
        );
      break;
    case 'join':
    case 'join-counts':
      join(pipeline, spec);
      break;
    case 'rolling':
      pipeline
        .readFrom(eventSource<Bid>(spec, undefined))
        .withoutTimestamps()
        .groupingKey((bid) => bid.auction)
        .rollingAggregate(counting())
        .writeTo(recording<{ key: number; result: number }>(spec, (recorder, row) => recorder.runningCount(row)));
  }
  return pipeline;
}

function join(pipeline: Pipeline, spec: NexmarkSpec): void {
  const events = timed(pipeline.readFrom(eventSource<Event>(spec, WINDOW_MS)));
  const persons = events.filter((event) => event.isPerson);
  const auctions = events.filter((event) => !event.isPerson).groupingKey((auction) => auction.seller);
  const windowed = persons.groupingKey((person) => person.id).window(tumbling(WINDOW_MS));
  if (spec.workload.pipeline === 'join-counts') {
    windowed
      .aggregate2(auctions, coAggregate(counting<Event>(), counting<Event>()))
      .filter(({ result: [personCount, auctionCount] }) => personCount > 0 && auctionCount > 0)
      .map(({ end, key, result }) => ({ end, key, result: result[1] }))
      .writeTo(recording<WindowCount>(spec, (recorder, row) => recorder.windowCount(row)));
    return;
  }
  windowed
    .aggregate2(auctions, coAggregate(toList<Event>(), toList<Event>()))
    .flatMap(({ end, result: [person, sold] }) =>
      person.length === 0
        ? []
        : sold.map((auction) => ({ end, person: person[0]!.id, name: person[0]!.name, auction: auction.id })),
    )
    .writeTo(
      recording<{ end: number; person: number; name: number; auction: number }>(spec, (recorder, pair) =>
        recorder.pair(pair),
      ),
    );
}

function eventSource<Row>(
  { workload, form, board }: NexmarkSpec,
  watermarkEveryMs: number | undefined,
): StreamSource<Row> {
  const options = { workload, form, board, watermarkEveryMs };
  return Sources.streamFromProcessor('events', ({ globalIndex }) => new GeneratorSource(options, globalIndex), {
    parallelism: PARALLELISM,
    isTimestamped: watermarkEveryMs !== undefined,
  });
}

const timed = <Row>(stage: StreamSourceStage<Row>) =>
  stage.withNativeTimestamps(0, { idleMs: Number.POSITIVE_INFINITY });

/** Counts and sums what arrives. */
function recording<Row>({ board, workload }: NexmarkSpec, record: (recorder: Recorder, row: Row) => void) {
  return Sinks.of<Recorder, Row>('sum', {
    create: ({ globalIndex }) => new Recorder(board, workload, globalIndex),
    receive: record,
    complete: (recorder) => recorder.done(),
  });
}

/** The same, with the latency of each result. The clock is read once for each batch, after it has been received. */
function timing({ board, workload }: NexmarkSpec) {
  const receive = (state: { recorder: Recorder; end: number; count: number }, row: WindowCount): void => {
    state.recorder.windowCount(row);
    state.end = row.end;
    state.count += 1;
  };
  return Sinks.of<{ recorder: Recorder; end: number; count: number }, WindowCount>('latency', {
    create: ({ globalIndex }) => ({ recorder: new Recorder(board, workload, globalIndex), end: 0, count: 0 }),
    receive,
    flush(state) {
      if (state.count > 0) state.recorder.timed(state.end, state.count, nowMs(), timeMs(board, TIME.scheduleStart));
      state.count = 0;
    },
    complete: ({ recorder }) => recorder.done(),
  });
}
