import type { NamedExpression } from '../events/rows-of-events.ts';
import { jsonPointer } from './input-issue.ts';
import { namedExpressions } from './named-expressions.ts';
import { enrichParts, joinParts, mapAsyncParts, timestampOf } from './stage-parts.ts';
import type { ParsedInnerStage } from './validate.ts';

/** Every expression of a stage. @throws MillraceError `pipeline.expression_without_name` */
export function stageExpressions(stage: ParsedInnerStage): readonly NamedExpression[] {
  const pointer = jsonPointer(['stages', stage.name]);
  const one = (text: string, at: string): readonly NamedExpression[] => [
    { name: '', text, pointer: `${pointer}/${at}` },
  ];
  switch (stage.kind) {
    case 'filter':
      return one(stage.spec.filter, 'filter');
    case 'where':
      return one(stage.spec.where, 'where');
    case 'select':
      return namedExpressions(stage.spec.select, `${pointer}/select`);
    case 'deduplicate':
      return stage.spec.deduplicate.by.flatMap((text, index) => one(text, `deduplicate/by/${index}`));
    case 'distinct':
      return namedExpressions(stage.spec.distinct, `${pointer}/distinct`);
    case 'enrich':
      return enrichParts(stage.spec, pointer).keys;
    case 'mapAsync':
      return mapAsyncParts(stage.spec, pointer).keys;
    case 'merge':
      return [];
    case 'aggregate': {
      const { window, groupBy = [], aggregate } = stage.spec;
      const timestamp = window && timestampOf(window, pointer);
      return [
        ...namedExpressions(groupBy, `${pointer}/groupBy`),
        ...namedExpressions(aggregate, `${pointer}/aggregate`),
        ...(timestamp === undefined ? [] : [timestamp]),
      ];
    }
    case 'join': {
      const { outputs, on } = joinParts(stage.spec, pointer);
      return [...on.flat(), ...outputs];
    }
  }
}
