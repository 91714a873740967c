export type { AggregateCall, CompiledAggregate } from './aggregate/compile-aggregate.ts';
export { compileAggregate } from './aggregate/compile-aggregate.ts';
export type { Scope } from './check/scope.ts';
export { compileExpression, type Expression } from './compile-expression.ts';
export { sqlstateOf } from './errors.ts';
export { referencedColumns } from './parse/referenced-columns.ts';
export { parseSqlType, type SqlType, sqlTypeText } from './types/sql-type.ts';
export { decodeText, encodeText, type SqlValue } from './values/value.ts';
