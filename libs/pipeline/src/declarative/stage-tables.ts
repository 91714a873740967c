import type { Column, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { compileExpression } from '@millrace/sql';
import { aggregateTypes, TypesDiffer } from '../events/aggregate-events.ts';
import { enrichedSchema } from '../events/enrich-events.ts';
import { EventScope } from '../events/event-scope.ts';
import { resultSchema } from '../events/events-of-results.ts';
import { compileCondition } from '../events/filter-events.ts';
import { columnsOfSide, joinTypes, type Side } from '../events/join-events.ts';
import { FormScope } from '../events/row-form.ts';
import { formOfTable, type NamedExpression, type RowsOfEventsOptions } from '../events/rows-of-events.ts';
import { selectedSchema } from '../events/select-events.ts';
import { jsonPointer } from './input-issue.ts';
import { namedExpressions } from './named-expressions.ts';
import { stageExpressions } from './stage-expressions.ts';
import { enrichParts, joinParts, mapAsyncParts, timestampOf } from './stage-parts.ts';
import type { ParsedInnerStage } from './validate.ts';

/**
 * The tables as a stage passes them on, from those of its inputs: what preflight checks expressions with, and what sinks are asked about.
 * @param found of an `enrich` stage: the columns that it looks up
 * @throws MillraceError when an expression does not fit a table, with the pointer of the expression
 */
export function stageTables(
  stage: ParsedInnerStage,
  inputs: readonly (readonly TableSchema[])[],
  found: readonly Column[] = [],
): readonly TableSchema[] {
  const tables = inputs.flat();
  const pointer = jsonPointer(['stages', stage.name]);
  switch (stage.kind) {
    case 'filter':
      for (const table of tables) compileCondition(stage.spec.filter, table, `${pointer}/filter`);
      return tables;
    case 'where':
      for (const table of tables) {
        compileCondition(stage.spec.where, table, `${pointer}/where`);
        compileCondition(stage.spec.where, table, `${pointer}/where`, 'before');
      }
      return tables;
    case 'select': {
      const outputs = namedExpressions(stage.spec.select, `${pointer}/select`);
      return tables.map((table) => selectedSchema(table, outputs));
    }
    case 'deduplicate':
      checkExpressions(stageExpressions(stage), tables);
      return tables;
    case 'enrich': {
      const { keys, names } = enrichParts(stage.spec, pointer);
      checkExpressions(keys, tables);
      return tables.map((table) => enrichedSchema(table, names, found));
    }
    case 'mapAsync': {
      const { keys, columns } = mapAsyncParts(stage.spec, pointer);
      const names = columns.map(({ name }) => name);
      checkExpressions(keys, tables);
      return tables.map((table) => enrichedSchema(table, names, columns));
    }
    case 'merge':
      return tables;
    case 'distinct': {
      const groups = namedExpressions(stage.spec.distinct, `${pointer}/distinct`);
      const types = tables.map((table) => new FormScope(formOfTable(table, { groups })).keyTypeTexts);
      return resultTable(stage.name, types, { groups, columns: [], hasWindow: false });
    }
    case 'join':
      return joinTables(stage, inputs, pointer);
    case 'aggregate': {
      const { spec } = stage;
      const groups = namedExpressions(spec.groupBy ?? [], `${pointer}/groupBy`);
      const aggregates = namedExpressions(spec.aggregate, `${pointer}/aggregate`);
      const timestamp = spec.window && timestampOf(spec.window, pointer);
      const options: RowsOfEventsOptions = { groups, aggregates, timestamp };
      const types = tables.map((table) => aggregateTypes(formOfTable(table, options), aggregates, groups));
      return resultTable(stage.name, types, { groups, columns: aggregates, hasWindow: spec.window !== undefined });
    }
  }
}

/** @throws MillraceError when one of them does not fit a table */
function checkExpressions(expressions: readonly NamedExpression[], tables: readonly TableSchema[]): void {
  for (const table of tables) {
    const scope = new EventScope(table);
    for (const { text, pointer } of expressions) compileExpression(text, scope, { pointer });
  }
}

function joinTables(
  stage: Extract<ParsedInnerStage, { kind: 'join' }>,
  [lefts = [], rights = []]: readonly (readonly TableSchema[])[],
  pointer: string,
): readonly TableSchema[] {
  const { outputs, sides, keyCount, on } = joinParts(stage.spec, pointer);
  const forms = (tables: readonly TableSchema[], side: Side, index: number) =>
    tables.map((table) =>
      formOfTable(table, {
        groups: on.map((pair) => pair[index]!),
        values: columnsOfSide(outputs, sides, side),
        timestamp: timestampOf(stage.spec.join.window, pointer),
      }),
    );
  const right = forms(rights, 'right', 1);
  const types = forms(lefts, 'left', 0).flatMap((left) => right.map((each) => joinTypes(outputs, sides, left, each)));
  return resultTable(stage.name, types, {
    groups: outputs.slice(0, keyCount),
    columns: outputs.slice(keyCount),
    hasWindow: false,
  });
}

function resultTable(
  stage: string,
  types: readonly (readonly string[])[],
  parts: {
    readonly groups: readonly NamedExpression[];
    readonly columns: readonly NamedExpression[];
    readonly hasWindow: boolean;
  },
): readonly TableSchema[] {
  const [first] = types;
  if (first === undefined) return [];
  const names = [...parts.groups, ...parts.columns];
  for (const other of types) {
    const at = other.findIndex((type, index) => type !== first[index]);
    if (at < 0) continue;
    throw new MillraceError(TypesDiffer, {
      message: `the tables of stage "${stage}" give ${first[at]} and ${other[at]} for column "${names[at]!.name}"`,
      mend: 'Cast it to one type: sum(after.amount::numeric).',
      pointer: names[at]!.pointer,
    });
  }
  const namesOf = (expressions: readonly NamedExpression[]) => expressions.map(({ name }) => name);
  const { hasWindow } = parts;
  return [resultSchema({ stage, groups: namesOf(parts.groups), columns: namesOf(parts.columns), hasWindow }, first)];
}
