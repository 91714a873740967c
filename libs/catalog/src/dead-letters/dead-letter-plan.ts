import type { LetterImage, LetterKey } from './dead-letter.ts';

/** Keys and hindrances that an answer lists; their numbers are told in full. */
const LISTED_MAX = 100;

/** What is looked at of a letter to decide about it. */
export interface ChosenLetter extends LetterKey {
  readonly table: string;
  readonly key: LetterImage;
  readonly isParked: boolean;
}

/** Why a letter keeps a request from being carried out. */
export interface Hindrance {
  readonly letter: LetterKey;
  readonly code: 'dead_letter.key_is_parked' | 'dead_letter.wrong_state';
  readonly message: string;
  /** Earlier letters of its key that have to be resolved before, or to come along; ten at most. */
  readonly by: readonly LetterKey[];
}

/** What a request did; of a dry run, what it would do. */
export interface LetterOutcome {
  readonly dryRun: boolean;
  readonly letters: number;
  /** More letters are meant than one request takes: the same request again takes the next ones. */
  readonly hasMore: boolean;
  readonly stages: readonly {
    readonly stage: string;
    readonly letters: number;
    readonly parked: number;
    readonly keys: number;
  }[];
  readonly keyCount: number;
  /** The first hundred. */
  readonly keys: readonly {
    readonly stage: string;
    readonly table: string;
    readonly key: LetterImage;
    readonly letters: number;
    readonly first: LetterKey;
    readonly last: LetterKey;
  }[];
  /** Only of a dry run: what would be refused. */
  readonly hinderedCount: number;
  readonly hindered: readonly Hindrance[];
}

interface KeyGroup {
  readonly stage: string;
  readonly table: string;
  readonly key: LetterImage;
  letters: number;
  first: LetterKey;
  last: LetterKey;
}

/** Counts letters per stage and key. */
export function outcomeOf(
  letters: readonly ChosenLetter[],
  { dryRun, hasMore, hindered = [] }: { dryRun: boolean; hasMore: boolean; hindered?: readonly Hindrance[] },
): LetterOutcome {
  const stages = new Map<string, { stage: string; letters: number; parked: number; keys: number }>();
  const keys = new Map<string, KeyGroup>();
  for (const { stage, number, table, key, isParked } of letters) {
    const ofStage = stages.get(stage) ?? { stage, letters: 0, parked: 0, keys: 0 };
    stages.set(stage, ofStage);
    ofStage.letters += 1;
    if (isParked) ofStage.parked += 1;
    const name = JSON.stringify([stage, table, key]);
    let group = keys.get(name);
    if (group === undefined) {
      group = { stage, table, key, letters: 0, first: { stage, number }, last: { stage, number } };
      keys.set(name, group);
      ofStage.keys += 1;
    }
    group.letters += 1;
    if (number < group.first.number) group.first = { stage, number };
    if (number > group.last.number) group.last = { stage, number };
  }
  return {
    dryRun,
    letters: letters.length,
    hasMore,
    stages: [...stages.values()],
    keyCount: keys.size,
    keys: [...keys.values()].slice(0, LISTED_MAX),
    hinderedCount: hindered.length,
    hindered: hindered.slice(0, LISTED_MAX),
  };
}
