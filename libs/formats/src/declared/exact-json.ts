/** `JSON.rawJSON` and what goes with it. https://tc39.es/proposal-json-parse-with-source/ */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}

const exact = JSON as unknown as ExactJson;

/** Digits that JavaScript may round: many, or a fraction, or an exponent. Inside of strings as well: then it is looked at closer for nothing. */
const MAY_BE_ROUNDED = /\d{16}|\d\.\d|\d[eE]/;

/**
 * What a JSON text holds. Numbers that JavaScript would round keep their digits: `exactDigits` gives them, and `JSON.stringify` writes them.
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  if (!MAY_BE_ROUNDED.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? exact.rawJSON(source!) : value,
  );
}

/** Digits of a number that `parseExact` kept; any other value as it is. */
export const exactDigits = (value: unknown): unknown => (exact.isRawJSON(value) ? value.rawJSON : value);
