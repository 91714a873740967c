export { currentPosition, type WaitOptions, waitFor, whenCaughtUp } from '../subscription/caught-up.ts';
export { type DeciderOutcome, type DeciderWhen, specify } from './decider-spec.ts';
export { type GivenStream, type ProjectionOutcome, projectionSpec } from './projection-spec.ts';
