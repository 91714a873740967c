/** A processor that can show the loops generated for it. */
export interface Explained {
  /** Their text over row objects, one for each loop; user functions and values are its arguments. */
  generatedCode(): readonly string[];
}

/** The loops of a processor; none when it has none, or does not show them. */
export const generatedCodeOf = (processor: object): readonly string[] =>
  'generatedCode' in processor ? (processor as Explained).generatedCode() : [];
