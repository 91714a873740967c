import {
  type ChangeBatch,
  type DeclaredRow,
  type DeclaredTable,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
} from '@millrace/formats';

/** Rows of messages that are JSON objects of the declared columns. */
export class DeclaredMessages {
  readonly #schema: ReturnType<typeof declaredSchema>;

  constructor(table: DeclaredTable) {
    this.#schema = declaredSchema(table);
  }

  /**
   * A row for each body.
   * @param refused makes the error of the body that is no such row; `undefined`: it is left out
   * @throws what `refused` makes
   */
  batch(
    bodies: readonly (Uint8Array | string)[],
    receivedMs: number,
    refused: (index: number, reason: string) => Error | undefined,
  ): ChangeBatch {
    const rows: DeclaredRow[] = [];
    for (const [index, body] of bodies.entries()) {
      try {
        rows.push(declaredRowOfJson(this.#schema.columns, typeof body === 'string' ? body : textOf(body)));
      } catch (error) {
        if (!(error instanceof NotAValue)) throw error;
        const refusal = refused(index, error.message);
        if (refusal !== undefined) throw refusal;
      }
    }
    return encodeRows(this.#schema, rows, { receivedMs });
  }
}

const textOf = (body: Uint8Array): string => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
