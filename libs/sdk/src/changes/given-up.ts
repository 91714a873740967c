/** Thrown by a handler that knows that trying again does not help: the change is set aside at once. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
  /** Stable code, by which dead letters are grouped. */
  readonly reason: string;

  /** @param reason lower case, such as `customer.unknown` */
  constructor(
    message: string,
    { reason = 'handler.gave_up', cause }: { readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.reason = reason;
  }
}
