import { describe, expect, it } from '@jest/globals';
import type { Routing } from '../contract/dag.ts';
import { type DagShape, validateShape } from './dag-shape.ts';
import { placeInstances } from './placement.ts';

const edge = (from: string, to: string, routing: Routing['kind'] = 'unicast') => ({
  from,
  to,
  fromOrdinal: 0,
  toOrdinal: 0,
  routing,
  priority: 0,
  queueRowsMax: 1,
  queueBytesMax: 1,
});

const shape = (
  parallelism: Readonly<Record<string, number>>,
  edges: DagShape['edges'],
  alone: string[] = [],
): DagShape => ({
  vertices: Object.entries(parallelism).map(([name, localParallelism]) => ({
    name,
    localParallelism,
    isCooperative: !alone.includes(name),
  })),
  edges,
});

describe('placement', () => {
  it('keeps a pipeline without parallelism on one thread, the one it is told', () => {
    const { instances, streams } = placeInstances(shape({ a: 1, b: 1 }, [edge('a', 'b')]), 4, 2);
    expect(instances.map((each) => each.thread)).toEqual([2, 2]);
    expect(streams).toEqual([{ edge: 0, from: 0, to: 0, fromThread: 2, toThread: 2 }]);
  });

  it('spreads the instances of a vertex over the threads', () => {
    const { instances } = placeInstances(shape({ a: 3 }, []), 2, 1);
    expect(instances.map((each) => each.thread)).toEqual([1, 0, 1]);
  });

  it('gives each instance that is not cooperative a thread of its own', () => {
    const { instances, threadCount } = placeInstances(shape({ a: 2, b: 2 }, [], ['b']), 2, 0);
    expect(instances.map((each) => each.thread)).toEqual([0, 1, 2, 3]);
    expect(threadCount).toBe(4);
  });

  it.each([
    ['isolated', 2, 2, ['0-0', '1-1']],
    ['all-to-one', 2, 2, ['0-0', '1-0']],
    ['broadcast', 1, 2, ['0-0', '0-1']],
    ['partitioned', 2, 2, ['0-0', '0-1', '1-0', '1-1']],
  ] as const)('joins the instances of a %s edge', (routing, from, to, expected) => {
    const { streams } = placeInstances(shape({ a: from, b: to }, [edge('a', 'b', routing)]), 1, 0);
    expect(streams.map((stream) => `${stream.from}-${stream.to}`)).toEqual(expected);
  });
});

describe('a shape is refused', () => {
  it.each([
    ['without vertices', shape({}, []), 'the DAG has no vertices'],
    ['with no instances', shape({ a: 0 }, []), 'vertex a has parallelism 0'],
    [
      'with a cycle',
      shape({ s: 1, a: 1, b: 1 }, [edge('s', 'a'), edge('a', 'b'), edge('b', 'a')]),
      'a, b form a cycle',
    ],
  ])('%s', (_, given, message) => {
    expect(() => validateShape(given)).toThrow(message);
  });
});
