import type { Step } from './plan.ts';

const told = (steps: readonly Step[]): string =>
  steps.length === 0 ? 'nothing' : steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`).join(', ');

/** What the plan was made from is not what is there any more; nothing was done. */
export class PlanStale extends Error {
  override readonly name = 'PlanStale';

  constructor(differing: readonly string[]) {
    super(
      `since the plan was made, somebody has changed what it is about: ${differing.join('; ')}. Nothing was done; make a new plan.`,
    );
  }
}

/** The plan ends jobs with their state, and nobody said that this is meant; nothing was done. */
export class ReplaceNotAllowed extends Error {
  override readonly name = 'ReplaceNotAllowed';

  constructor(steps: readonly Step[]) {
    super(
      `${steps.map(({ kind, name }) => `${kind} ${name}`).join(', ')}: a job cannot change while it is there. It would be ended with its state, its slot and its dead letters, and made anew. Nothing was done; say that replacing is meant, or take another name.`,
    );
  }
}

/** A step failed: those before it are done, those after it are not. Apply again when the cause is gone. */
export class ApplyFailed extends Error {
  override readonly name = 'ApplyFailed';
  readonly done: readonly Step[];
  readonly failed: Step;
  readonly notDone: readonly Step[];

  constructor(done: readonly Step[], [failed, ...notDone]: readonly [Step, ...Step[]], cause: Error) {
    super(`${told([failed])} failed: ${cause.message}\ndone: ${told(done)}\nnot done: ${told([failed, ...notDone])}`, {
      cause,
    });
    this.done = done;
    this.failed = failed;
    this.notDone = notDone;
  }
}
