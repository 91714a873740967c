import type { RowStage } from '../contract/row-stage.ts';

/** What a loop can do with a row: the stateless stages, and giving it an event time. */
// biome-ignore lint/suspicious/noExplicitAny: the row type is the stage's
export type LoopStage = RowStage | { readonly assignTime: (row: any) => number };

/** What a stage is called in messages and plans. */
export const stageKind = (stage: LoopStage): string => Object.keys(stage)[0]!;
