import type { Refusals } from '@millrace/connector-contract';
import type { ProcessorSupplier } from '@millrace/engine';
import type { LoopMode } from '@millrace/operators';
import type { GraphNode, InputRouting, Parallelism } from '../graph/graph-node.ts';
import type { RecordPolicy } from '../refusals/record-policy.ts';
import type { Boundedness, Stage } from './stage.ts';

export interface OperatorParts {
  /** What plans call it. */
  readonly label: string;
  /** What it is named unless the user names it. */
  readonly name: string;
  /** How rows of the stage come to it. */
  readonly routing: InputRouting;
  /** Inputs beside the stage. */
  readonly others?: readonly { readonly node: GraphNode; readonly routing: InputRouting }[] | undefined;
  readonly parallelism?: Parallelism | undefined;
  readonly needsTime?: boolean | undefined;
  readonly emitsByItself?: boolean | undefined;
  readonly asksOthers?: boolean | undefined;
  readonly isCooperative?: boolean | undefined;
  /** What becomes of rows that it cannot take; then it runs as one instance. */
  readonly policy?: RecordPolicy | undefined;
  readonly supplier: (mode: LoopMode, refusals?: Refusals) => ProcessorSupplier;
}

/** A stage with state or effects behind `stage`. */
export function operatorStage<To, Bounds extends Boundedness>(
  // biome-ignore lint/suspicious/noExplicitAny: the callers have checked the types
  stage: Stage<any, Bounds>,
  parts: OperatorParts,
): Stage<To, Bounds> {
  const {
    label,
    name,
    routing,
    others = [],
    parallelism,
    needsTime,
    emitsByItself,
    asksOthers,
    isCooperative = true,
    policy,
    supplier,
  } = parts;
  return stage.derive({
    kind: 'operator',
    label,
    name: stage.graph.freeName(name),
    inputs: [stage.node, ...others.map(({ node }) => node)],
    routings: [routing, ...others.map((other) => other.routing)],
    parallelism: parallelism ?? (policy !== undefined ? 1 : routing.kind === 'keyed' ? 'threads' : 'inherit'),
    policy,
    isCooperative,
    needsTime,
    emitsByItself,
    asksOthers,
    supplier: isCooperative ? supplier : (mode, refusals) => onThreadsOfItsOwn(supplier(mode, refusals)),
  });
}

/** The engine places an instance by what the processor says of itself. */
const onThreadsOfItsOwn =
  (supplier: ProcessorSupplier): ProcessorSupplier =>
  (instance) =>
    Object.assign(supplier(instance), { isCooperative: false });
