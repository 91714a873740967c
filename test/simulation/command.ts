/** What repeats one case. */
export const commandFor = (pipeline: string, seed: number): string =>
  `npm run -s sim -- --pipeline ${pipeline} --seed ${seed} --count 1 --verbose`;
