import { z } from 'zod';

/** Key in a field's JSON Schema that says it is a secret: write-only, encrypted at rest, masked in every answer. */
export const SECRET_MARK = 'x-millrace-secret';

/** A secret option: a string marked for encryption, or a reference `${env:NAME}` / `${file:/path}`. */
export const secretField = () =>
  z
    .string()
    .min(1)
    .meta({ [SECRET_MARK]: true, writeOnly: true });

/** Names of the top-level options of a schema that are secrets. */
export function secretFields(schema: z.ZodType): readonly string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Record<string, unknown>>;
  };
  return Object.entries(json.properties ?? {})
    .filter(([, field]) => field[SECRET_MARK] === true)
    .map(([name]) => name);
}
