/** Answers that are waited for. When the connection ends there will be none, and what became of a request is unknown. */
export class Answers {
  readonly #waiting = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  /** An answer to come; it rejects when the connection ends. */
  expect<T>(): PromiseWithResolvers<T> {
    const answer = Promise.withResolvers<T>();
    if (this.#ended !== undefined) {
      answer.reject(this.#ended);
      return answer;
    }
    this.#waiting.add(answer.reject);
    const forget = (): void => void this.#waiting.delete(answer.reject);
    answer.promise.then(forget, forget);
    return answer;
  }

  /** The first error counts. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const fail of this.#waiting) fail(error);
  }
}
