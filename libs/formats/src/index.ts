export { AvroReader, AvroSchemaInvalid } from './avro/avro-reader.ts';
export { AvroRowWriter } from './avro/avro-row-writer.ts';
export type { AvroField, AvroRecord, AvroRecordOptions } from './avro/avro-schema.ts';
export type { AvroOptions, AvroType } from './avro/avro-type.ts';
export { DeclaredAvroRows } from './avro/declared-avro-rows.ts';
export {
  type ChangeBatch,
  FLAG_KEY_CHANGE,
  FLAG_LOADING,
  isChangeBatch,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type SourceTransaction,
} from './change/change-batch.ts';
export { BATCH_BYTES_TARGET, ChangeBatchBuilder } from './change/change-batch-builder.ts';
export { CommitTimes } from './change/commit-times.ts';
export {
  type DerivedColumn,
  derivedSchema,
  type EncodeRowsOptions,
  encodeRows,
  KeyMissing,
} from './change/encode-rows.ts';
export { batchOfRecords, type EventRecord, type RecordImage, recordOf } from './change/event-record.ts';
export { KeyPartitioner } from './change/partitioner.ts';
export {
  comparePositions,
  formatLsn,
  type Lsn,
  lsn,
  MalformedPosition,
  type Position,
  parseLsn,
} from './change/position.ts';
export {
  projectBatch,
  projectSchema,
  type SelectedColumn,
  type Selection,
  SelectUnknownColumn,
  selectionOf,
} from './change/projection.ts';
export {
  beforeColumns,
  type ChangeEvent,
  changeEvents,
  isUnchanged,
  type Row,
  UNCHANGED,
  type Value,
} from './change/rows.ts';
export { columnOf } from './change/select-expression.ts';
export type { Column, ColumnKind, TableSchema } from './change/table-schema.ts';
export { NULL, TupleCursor, UNCHANGED_LENGTH } from './change/tuple.ts';
export { TupleWriter } from './change/tuple-writer.ts';
export { ValueUnsupported, valueText } from './change/value-text.ts';
export { RowCsvWriter } from './csv/row-csv.ts';
export { columnText, NotAValue } from './declared/column-text.ts';
export { DECLARED_TYPES, type DeclaredTable, type DeclaredType, declaredSchema } from './declared/declared-columns.ts';
export {
  columnValues,
  type DeclaredRow,
  declaredRow,
  declaredRowOfJson,
  declaredRowOfObject,
  type ParsedRow,
} from './declared/declared-row.ts';
export { parseExact } from './declared/exact-json.ts';
export { ByteOutput } from './json/byte-output.ts';
export { type DebeziumJsonOptions, DebeziumJsonWriter, JSON_OUTPUT_BYTES } from './json/debezium-json-writer.ts';
export { type EventMetadata, eventMetadata, RowJsonWriter } from './json/row-json.ts';
export { keyJsonSchema, type RowJsonSchema, rowJsonSchema } from './json-schema/row-json-schema.ts';
