import { hashJoin, type JoinSide, type Key, type KeyOf } from '@millrace/operators';
import type { GraphNode } from '../graph/graph-node.ts';
import { operatorStage } from './operator-stage.ts';
import type { BatchStage, Boundedness, Stage } from './stage.ts';

/** What makes rows of two stages belong together: equal keys. */
export interface JoinOn<Left, Right, K extends Key = Key> {
  readonly left: (row: Left) => K;
  readonly right: (row: Right) => NoInfer<K>;
}

/** One bounded side and how it is joined. */
export interface HashJoinSide {
  readonly node: GraphNode;
  readonly side: JoinSide;
}

export const joinSide = <Left, Right>(
  stage: BatchStage<Right>,
  on: JoinOn<Left, Right>,
  kind: JoinSide['kind'],
): HashJoinSide => ({
  node: stage.node,
  side: { leftKeyOf: on.left as KeyOf, rightKeyOf: on.right as KeyOf, kind },
});

/** The stage of a hash join: the bounded sides are read to their end first, by every instance. */
export function hashJoinStage<To, Bounds extends Boundedness>(
  // biome-ignore lint/suspicious/noExplicitAny: the callers have checked the types
  stage: Stage<any, Bounds>,
  sides: readonly HashJoinSide[],
  // biome-ignore lint/suspicious/noExplicitAny: as above
  join: (row: any, ...matches: any[]) => To,
): Stage<To, Bounds> {
  return operatorStage(stage, {
    label: 'hash join',
    name: 'hashJoin',
    routing: { kind: 'local' },
    others: sides.map(({ node }) => ({ node, routing: { kind: 'broadcast', isFirst: true } })),
    supplier: (mode) => hashJoin({ sides: sides.map(({ side }) => side), join, mode }),
  });
}

/** A hash join with any number of sides (Jet's HashJoinBuilder). */
export class HashJoinBuilder<Row, Matches extends readonly unknown[], Bounds extends Boundedness> {
  readonly #stage: Stage<Row, Bounds>;
  readonly #sides: readonly HashJoinSide[];

  /** @internal */
  constructor(stage: Stage<Row, Bounds>, sides: readonly HashJoinSide[]) {
    this.#stage = stage;
    this.#sides = sides;
  }

  /** One more side; rows without a match in it go on with `undefined`. */
  add<Right>(
    side: BatchStage<Right>,
    on: JoinOn<Row, Right>,
  ): HashJoinBuilder<Row, [...Matches, Right | undefined], Bounds> {
    return new HashJoinBuilder(this.#stage, [...this.#sides, joinSide(side, on, 'left')]);
  }

  /** One more side; rows without a match in it are dropped. */
  addInner<Right>(side: BatchStage<Right>, on: JoinOn<Row, Right>): HashJoinBuilder<Row, [...Matches, Right], Bounds> {
    return new HashJoinBuilder(this.#stage, [...this.#sides, joinSide(side, on, 'inner')]);
  }

  build<To>(join: (row: Row, ...matches: Matches) => To): Stage<To, Bounds> {
    return hashJoinStage(this.#stage, this.#sides, join as never);
  }
}
