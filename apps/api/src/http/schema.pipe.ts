import { MillraceError } from '@millrace/kernel';
import { checkInput } from '@millrace/pipeline';
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { BadParameter, inputInvalid } from './errors.ts';

/** Validates whatever a controller declared with `@Body({ schema })` or `@Query({ schema })`, reporting every error at once. */
@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    const checked = checkInput(schema, value);
    if (checked.value !== undefined) return checked.value;
    if (type === 'body') throw inputInvalid(checked.issues);
    const errors = checked.issues.map(({ pointer, ...issue }) => ({ ...issue, parameter: pointer.slice(1) }));
    const [first] = errors;
    throw new MillraceError(BadParameter, {
      message: first!.message,
      mend: first!.mend,
      details: { parameter: first!.parameter, errors },
    });
  }
}
