/** What becomes of records that a stage cannot take, where that does not fail the job. */
export interface RecordPolicy {
  /** `skip`: they are counted and gone. `dead-letter`: they are kept until somebody replays or discards them. */
  readonly action: 'skip' | 'dead-letter';
  /** While a record of a key is set aside, the later ones of that key are as well, so that order per key holds. */
  readonly parkKeys: boolean;
  /** How often a sink tries a record again before it refuses it. */
  readonly retries: number;
  readonly backoffMs: number;
  /** With more letters of the stage open than this the job fails: something is wrong with more than single records. */
  readonly openMax: number;
}
