import { type Column, type DeclaredRow, declaredRowOfJson, NotAValue, parseExact } from '@millrace/formats';

/** Rows of a request at most. */
export const ROWS_MAX = 10_000;

export const NDJSON = 'application/x-ndjson';

/**
 * The rows of a body: an object, an array of objects, or (`application/x-ndjson`) an object on each line.
 * @throws NotAValue with the number of the row, from 0
 */
export function rowsOf(columns: readonly Column[], body: Buffer, contentType: string): readonly DeclaredRow[] {
  const text = textOf(body);
  const rows = contentType.startsWith(NDJSON) ? linesOf(columns, text) : valuesOf(columns, text);
  if (rows.length === 0) throw new NotAValue('the request has no row');
  return rows;
}

function linesOf(columns: readonly Column[], text: string): readonly DeclaredRow[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  checkCount(lines.length);
  return lines.map((line, at) => placed(at, () => declaredRowOfJson(columns, line)));
}

function valuesOf(columns: readonly Column[], text: string): readonly DeclaredRow[] {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw new NotAValue('the body is not JSON');
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  checkCount(values.length);
  return values.map((each, at) => placed(at, () => declaredRowOfJson(columns, JSON.stringify(each))));
}

function checkCount(count: number): void {
  if (count > ROWS_MAX) throw new NotAValue(`the request has ${count} rows; ${ROWS_MAX} are taken`);
}

function placed<T>(at: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof NotAValue ? new NotAValue(`row ${at}: ${error.message}`) : error;
  }
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new NotAValue('the body is not UTF-8');
  }
}
