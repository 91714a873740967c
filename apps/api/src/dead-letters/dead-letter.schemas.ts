import { DEAD_LETTER_STATES, parseLetterId } from '@millrace/catalog';
import { z } from 'zod';
import { pageQuerySchema } from '../http/page-query.ts';

/** Letters that a request may name; more are taken by a filter. */
const IDS_MAX = 1_000;
const RATE_MAX = 1_000_000;
const BECAUSE_LENGTH_MAX = 1_000;

const state = z.enum(DEAD_LETTER_STATES);
const id = z.string().meta({ description: 'Stage and number: copy.17' });
const text = z.string().max(500);

const image = z
  .record(z.string(), z.string().nullable())
  .meta({ description: "Values by column, as PostgreSQL's texts; null is NULL." });

/** A PostgreSQL text: neither a NUL nor half a surrogate pair can be stored. */
const value = z
  .string()
  .refine((given) => !given.includes('\0') && given.isWellFormed(), 'text without NUL and without half characters');

const editedImage = z.record(z.string(), value.nullable()).nullable();

/** `key={"id":"42"}` in a query. */
const keyQuery = z
  .string()
  .max(2_000)
  .transform((given, context) => {
    try {
      const parsed = image.safeParse(JSON.parse(given));
      if (parsed.success) return parsed.data;
    } catch {
      // Said below.
    }
    context.addIssue({ code: 'custom', message: 'a JSON object of texts, such as {"id":"42"}' });
    return z.NEVER;
  })
  .optional()
  .meta({ description: 'Key columns, or some of them, as a JSON object of texts: {"id":"42"}' });

const like = {
  reason: text.optional().meta({ description: 'Error code.' }),
  stage: text.optional(),
  table: text.optional().meta({ description: 'Table of the source: public.orders' }),
};

const stateQuery = state.optional().meta({ description: 'open waits for somebody; replaying for the job.' });

export const groupsQuerySchema = z.strictObject({ state: stateQuery, ...like, key: keyQuery });

export type GroupsQuery = z.infer<typeof groupsQuerySchema>;

export const lettersQuerySchema = pageQuerySchema.extend({
  ...groupsQuerySchema.shape,
  order: z.enum(['newest', 'oldest']).default('newest').meta({ description: 'Which come first.' }),
});

export type LettersQuery = z.infer<typeof lettersQuerySchema>;

const letterFields = {
  id,
  stage: z.string(),
  number: z.int().meta({ description: 'Grows per stage in the order in which records were set aside.' }),
  state,
  reason: z.string().meta({ description: 'Stable error code.' }),
  message: z.string(),
  mend: z.string().nullable(),
  isParked: z.boolean().meta({ description: 'Not tried itself: an earlier record of its key is set aside.' }),
  table: z.string(),
  key: image,
  position: z
    .object({ commitLsn: z.string(), index: z.int() })
    .nullable()
    .meta({ description: 'Where the source had it; null for rows of the initial load.' }),
  committedAt: z.iso.datetime().nullable(),
  attempts: z.int(),
  isEdited: z.boolean(),
  replayRate: z.int().nullable().meta({ description: 'Letters a second at most.' }),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().nullable(),
};

const letterSchema = z
  .object(letterFields)
  .meta({ id: 'DeadLetter', description: 'A record that a stage set aside, without the record itself.' });

export type LetterView = z.infer<typeof letterSchema>;

export const letterPageSchema = z
  .object({ items: z.array(letterSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DeadLetterPage' });

const event = z
  .looseObject({
    op: z.enum(['c', 'u', 'd', 'r', 't']),
    before: image.nullable(),
    after: image.nullable().meta({ description: 'A column that is absent was not resent because it did not change.' }),
  })
  .meta({ id: 'DeadLetterEvent', description: 'A change event with the schema of its table.' });

export const letterDetailSchema = z
  .object({
    ...letterFields,
    heldBy: z.array(id).meta({ description: 'Unresolved earlier letters of its key, ten at most; of a parked one.' }),
    event: event.meta({ description: 'The record as it was set aside.' }),
    edited: event.nullable().meta({ description: 'What is replayed instead.' }),
  })
  .meta({ id: 'DeadLetterDetail', description: 'A record that a stage set aside.' });

export type LetterDetailView = z.infer<typeof letterDetailSchema>;

export const letterGroupsSchema = z
  .object({
    items: z.array(
      z.object({
        stage: z.string(),
        reason: z.string(),
        table: z.string(),
        counts: z.object({ open: z.int(), replaying: z.int(), replayed: z.int(), discarded: z.int() }),
        firstAt: z.iso.datetime(),
        lastAt: z.iso.datetime(),
        newest: id,
      }),
    ),
  })
  .meta({
    id: 'DeadLetterGroups',
    description: 'Letters by stage, reason and table; most open ones first, 200 groups.',
  });

export type LetterGroupsView = z.infer<typeof letterGroupsSchema>;

export const editLetterSchema = z
  .strictObject({
    op: z.enum(['c', 'u', 'd', 'r']).optional().meta({ description: 'd makes it a delete of its key.' }),
    before: editedImage.optional(),
    after: editedImage.optional().meta({ description: 'Columns to change; the others stay as they are.' }),
  })
  .refine((given) => Object.values(given).some((part) => part !== undefined), 'at least one of op, before, after')
  .meta({ id: 'DeadLetterEdit', description: 'What to change of the record. The original is kept.' });

export type EditLetter = z.infer<typeof editLetterSchema>;

const selection = {
  ids: z
    .array(
      z
        .string()
        .refine((given) => parseLetterId(given) !== undefined, 'an id such as copy.17')
        .transform((given) => parseLetterId(given)!),
    )
    .min(1)
    .max(IDS_MAX)
    .optional(),
  filter: z
    .strictObject({ ...like, key: image.optional() })
    .optional()
    .meta({ description: 'All that are like this; {} means all.' }),
  dryRun: z.boolean().default(false).meta({ description: 'Only tell what would happen.' }),
};

const withKey = z
  .boolean()
  .default(false)
  .meta({ description: 'Take along all open letters of the same keys, so that order per key holds.' });

const isEither = ({ ids, filter }: { readonly ids?: unknown; readonly filter?: unknown }): boolean =>
  (ids === undefined) !== (filter === undefined);
const EITHER = 'either ids or filter';

export const replayLettersSchema = z
  .strictObject({
    ...selection,
    withKey,
    rate: z.int().min(1).max(RATE_MAX).optional().meta({ description: 'Letters a second at most.' }),
  })
  .refine(isEither, EITHER)
  .meta({ id: 'ReplayDeadLetters', description: 'Open letters to process again, in the order they were set aside.' });

export type ReplayLetters = z.infer<typeof replayLettersSchema>;

export const discardLettersSchema = z
  .strictObject({
    ...selection,
    withKey,
    because: z
      .string()
      .trim()
      .min(1)
      .max(BECAUSE_LENGTH_MAX)
      .optional()
      .meta({ description: 'Why, in your words; kept in the audit log. Only a dry run does without.' }),
  })
  .refine(isEither, EITHER)
  .refine(({ dryRun, because }) => dryRun || because !== undefined, {
    path: ['because'],
    message: 'why they are given up, in a few words',
  })
  .meta({ id: 'DiscardDeadLetters', description: 'Open letters to give up for good.' });

export type DiscardLetters = z.infer<typeof discardLettersSchema>;

export const cancelReplaySchema = z
  .strictObject(selection)
  .refine(isEither, EITHER)
  .meta({ id: 'CancelReplay', description: 'Replays to take back that the job has not taken up.' });

export type CancelReplay = z.infer<typeof cancelReplaySchema>;

export const letterOutcomeSchema = z
  .object({
    dryRun: z.boolean(),
    letters: z.int().meta({ description: 'How many were changed; of a dry run, how many would be.' }),
    hasMore: z.boolean().meta({ description: 'One request takes 10,000: the same again takes the next ones.' }),
    stages: z.array(z.object({ stage: z.string(), letters: z.int(), parked: z.int(), keys: z.int() })),
    keyCount: z.int(),
    keys: z
      .array(z.object({ stage: z.string(), table: z.string(), key: image, letters: z.int(), first: id, last: id }))
      .meta({ description: 'The first hundred.' }),
    hinderedCount: z.int(),
    hindered: z
      .array(z.object({ id, code: z.string(), detail: z.string(), by: z.array(id) }))
      .meta({ description: 'Only of a dry run: for each of these the request would be refused. The first hundred.' }),
    jobStatus: z.string().meta({ description: 'A replay happens when the job is RUNNING.' }),
  })
  .meta({ id: 'DeadLetterOutcome', description: 'What was done, or would be.' });

export type LetterOutcomeView = z.infer<typeof letterOutcomeSchema>;
