import { assert } from '@millrace/kernel';
import type { RowStage } from '@millrace/operators';
import { refusingRows } from '../refusals/refusing-rows.ts';
import type { rowPolicy } from './on-error.ts';
import { operatorStage } from './operator-stage.ts';
import type { Boundedness, Stage } from './stage.ts';

/** A stage of one function that goes on without the rows it throws for. */
export function tolerantStage<Row, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  label: string,
  row: RowStage,
  { policy, keyOf }: NonNullable<ReturnType<typeof rowPolicy<Row>>>,
): Stage<To, Bounds> {
  const made: Stage<To, Bounds> = operatorStage(stage, {
    label,
    name: label,
    routing: { kind: 'local' },
    // Letters come back when somebody says so, not when a source has rows.
    emitsByItself: true,
    policy,
    supplier: (_, refusals) => () => {
      assert(refusals !== undefined, 'a stage with a policy has a gate');
      return refusingRows({ stage: made.node.name, row, keyOf, refusals });
    },
  });
  return made;
}
