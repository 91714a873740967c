/** Randomness, injected so that tests and the simulation own it. */
export interface Random {
  /** At least 0 and below 1. */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };
