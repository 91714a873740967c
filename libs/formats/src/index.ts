export {
  type ChangeBatch,
  FLAG_KEY_CHANGE,
  FLAG_LOADING,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type SourceTransaction,
  isChangeBatch,
} from './change/change-batch.ts';
export { BATCH_BYTES_TARGET, ChangeBatchBuilder } from './change/change-batch-builder.ts';
export {
  type Lsn,
  MalformedPosition,
  type Position,
  comparePositions,
  formatLsn,
  lsn,
  parseLsn,
} from './change/position.ts';
export { KeyPartitioner } from './change/partitioner.ts';
export { SelectUnknownColumn, type Selection, parseSelect, projectBatch, projectSchema } from './change/projection.ts';
export {
  type ChangeEvent,
  type Row,
  UNCHANGED,
  type Value,
  beforeColumns,
  changeEvents,
  isUnchanged,
} from './change/rows.ts';
export { SelectUnsupported } from './change/select-expression.ts';
export type { Column, ColumnKind, TableSchema } from './change/table-schema.ts';
export { NULL, TupleCursor, UNCHANGED_LENGTH } from './change/tuple.ts';
export { type DebeziumJsonOptions, DebeziumJsonWriter, JSON_OUTPUT_BYTES } from './json/debezium-json-writer.ts';
