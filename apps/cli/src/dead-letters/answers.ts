/** What the API answers about dead letters, as far as it is shown. docs/api.md and /api/openapi.json have the rest. */

type Image = Readonly<Record<string, string | null>>;

export interface Letter {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly message: string;
  readonly mend: string | null;
  readonly isParked: boolean;
  readonly isEdited: boolean;
  readonly table: string;
  readonly key: Image;
  readonly position: { readonly commitLsn: string; readonly index: number } | null;
  readonly attempts: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface LetterRecord {
  readonly op: string;
  readonly schema: { readonly columns: readonly { readonly name: string; readonly key: boolean }[] };
  readonly before: Image | null;
  readonly after: Image | null;
}

export interface LetterDetail extends Letter {
  readonly heldBy: readonly string[];
  readonly event: LetterRecord;
  readonly edited: LetterRecord | null;
}

export interface LetterGroup {
  readonly stage: string;
  readonly reason: string;
  readonly table: string;
  readonly counts: Readonly<Record<'open' | 'replaying' | 'replayed' | 'discarded', number>>;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly newest: string;
}

export interface Outcome {
  readonly letters: number;
  readonly hasMore: boolean;
  readonly stages: readonly {
    readonly stage: string;
    readonly letters: number;
    readonly parked: number;
    readonly keys: number;
  }[];
  readonly keyCount: number;
  readonly keys: readonly {
    readonly stage: string;
    readonly table: string;
    readonly key: Image;
    readonly letters: number;
    readonly first: string;
    readonly last: string;
  }[];
  readonly hinderedCount: number;
  readonly hindered: readonly { readonly id: string; readonly detail: string }[];
  readonly jobStatus: string;
}
