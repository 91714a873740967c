/**
 * The target (or the sink itself) won't take something that lies in a row: its constraint, type or trigger says no. Which row it
 * is, is not known yet; the writer finds out and throws `jdbc.row_refused`.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
