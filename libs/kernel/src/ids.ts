import { ulid } from 'ulid';

/** Makes ids, injected so that tests can foresee them. */
export interface IdSource {
  /** A ULID: 26 characters, sorted by time of making. https://github.com/ulid/spec */
  next(): string;
}

export const ulids: IdSource = { next: () => ulid() };
