export type {
  AggregateOperation,
  AggregateOperation1,
  ColumnPlan,
  Primitive,
} from './contract/aggregate-operation.ts';
export type { Key, KeyOf, KeyPart } from './contract/key.ts';
export type { LoopMode, RowStage } from './contract/row-stage.ts';
export type { KeyedWindowResult, WindowDefinition, WindowResult } from './contract/window.ts';
