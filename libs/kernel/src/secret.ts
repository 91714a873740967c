import { inspect } from 'node:util';

/** What a secret looks like in every answer, log line and error. */
export const MASK = '********';

/** A value that must not be shown: printing, logging or serialising it gives the mask; `reveal()` is the only way in. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return `Secret(${MASK})`;
  }
}
