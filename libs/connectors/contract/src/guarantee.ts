/** What a connector holds in one of its modes. Shown by the catalogue of the API, `millrace connectors` and the reference page. */
export interface Guarantee {
  /** Stage options it is about, such as `{ mode: 'append' }`; empty: all of them. */
  readonly mode: Readonly<Record<string, string | number | boolean>>;
  /** The most that a job may ask for and get; what is less holds as well. `at-most-once`: a crash may lose rows; of a source it repeats none. */
  readonly level: 'exactly-once' | 'at-least-once' | 'at-most-once';
  /** How, in a sentence or two. */
  readonly how: string;
  /** What the other system or the operator has to see to, a sentence each; empty: nothing. */
  readonly needs: readonly string[];
}

export interface SinkGuarantee extends Guarantee {
  /** When readers see rows: as they are written, or when the snapshot that covers them is committed. */
  readonly visible: 'at-once' | 'at-snapshot';
}

export interface SourceCapabilities {
  /** Delivers the rows that are there first. */
  readonly initialLoad: boolean;
  /** Goes on with what comes later: always, never, or as the stage says. */
  readonly follows: 'always' | 'never' | 'option';
  /** Delivers updates and deletes, not only rows. */
  readonly changes: boolean;
  /** Several instances share the work. */
  readonly parallel: boolean;
  /** Loads tables again while it runs; absent: it cannot. */
  readonly reload?: boolean;
}

export interface SinkCapabilities {
  /** What the target has: the current rows, each change as a line of its own, or as the stage says. */
  readonly holds: 'rows' | 'changes' | 'option';
  /** Makes tables, topics or folders that are missing: always, never, or as the stage says. */
  readonly createsTarget: 'always' | 'never' | 'option';
  /** Several instances share the work. */
  readonly parallel: boolean;
}
