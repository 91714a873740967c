import { ApiProblem } from '../client/api-problem.ts';
import type { Api } from '../client/create-client.ts';
import { ApplyFailed, PlanStale, ReplaceNotAllowed } from './apply-errors.ts';
import { type Plan, plan, type Step } from './plan.ts';
import { checkDocument, runStep } from './run-step.ts';

export interface ApplyOptions {
  /** Jobs and subscriptions whose document changes are ended with all they have, and made anew. Default false: such a plan is refused. */
  readonly replace?: boolean | undefined;
  /** Called after each step. */
  readonly onDone?: ((step: Step) => void) | undefined;
}

const label = ({ kind, name }: Step): string => `${kind} ${name}`;

/**
 * Does what a plan says, one step after the other: sources and sinks, then jobs and subscriptions, then deletions the other way round. What is there
 * already is left alone, so that a plan that was applied, in whole or in part, can be applied again. Needs the role editor.
 * @returns what was done
 * @throws PlanStale, ReplaceNotAllowed, ConfigInvalid and ApiProblem before anything is done; ApplyFailed
 */
export async function apply(
  api: Api,
  planned: Plan,
  { replace = false, onDone }: ApplyOptions = {},
): Promise<readonly Step[]> {
  const { config, prune } = planned;
  const todo = stepsToDo(planned, await plan(api, config, { prune }));
  const replaced = todo.filter(({ action }) => action === 'replace');
  if (replaced.length > 0 && !replace) throw new ReplaceNotAllowed(replaced);
  for (const step of todo) await checkDocument(api, config, step);
  const done: Step[] = [];
  for (const step of todo) {
    try {
      await runStep(api, config, step);
    } catch (error) {
      throw new ApplyFailed(done, [step, ...todo.slice(done.length + 1)], ApiProblem.of(error));
    }
    done.push(step);
    onDone?.(step);
  }
  return done;
}

/** Steps that are still to be done. What is neither as it was seen nor as it is wanted is somebody else's. @throws PlanStale */
function stepsToDo(planned: Plan, now: Plan): readonly Step[] {
  const before = new Map(planned.steps.map((step) => [label(step), step]));
  const differing: string[] = [];
  const todo = now.steps.filter((step) => step.action !== 'unchanged');
  for (const step of todo) {
    const was = before.get(label(step));
    if (was === undefined || !isStill(was, step))
      differing.push(`${label(step)}: now ${step.action}, planned ${was?.action ?? 'nothing'}`);
  }
  if (differing.length > 0) throw new PlanStale(differing);
  return todo;
}

const isStill = (was: Step, now: Step): boolean =>
  (was.action === now.action && was.seen?.id === now.seen?.id && was.seen?.version === now.seen?.version) ||
  // An apply that ended between the two halves.
  (was.action === 'replace' && now.action === 'create');
