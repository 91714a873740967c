import {
  Catalog,
  type Job,
  type LetterKey,
  type LetterSelection,
  parseLetterId,
  unknownLetters,
} from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../access/roles.ts';
import { Answers, IdPath, Posts, QueryOf } from '../http/api-docs.ts';
import { type PageView, readCursor, writeCursor } from '../http/page-query.ts';
import { RequestId } from '../http/request-id.ts';
import {
  type CancelReplay,
  cancelReplaySchema,
  type DiscardLetters,
  discardLettersSchema,
  type EditLetter,
  editLetterSchema,
  type GroupsQuery,
  groupsQuerySchema,
  type LetterDetailView,
  type LetterGroupsView,
  type LetterOutcomeView,
  type LettersQuery,
  type LetterView,
  letterDetailSchema,
  letterGroupsSchema,
  letterOutcomeSchema,
  letterPageSchema,
  lettersQuerySchema,
  type ReplayLetters,
  replayLettersSchema,
} from './dead-letter.schemas.ts';
import { letterDetailView, letterGroupsView, letterOutcomeView, letterView } from './dead-letter.view.ts';
import { editedEvent } from './edited-event.ts';

const CURSOR = /^(\d{1,18})\/([\w-]{1,63})\/(\d{1,15})$/;

const LetterPath = ApiParam({
  name: 'letterId',
  description: 'Stage and number: copy.17',
  schema: { type: 'string' },
});

@ApiTags('dead letters')
@Controller('api/v1/jobs/:id/dead-letters')
export class DeadLettersController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @IdPath('Lists records that stages of the job set aside.')
  @QueryOf(lettersQuerySchema)
  @Answers(200, letterPageSchema)
  async list(
    @Param('id') id: string,
    @Query({ schema: lettersQuerySchema }) { limit, cursor, order, ...filter }: LettersQuery,
  ): Promise<PageView<LetterView>> {
    const job = await this.catalog.jobs.get(id);
    const [, atUs, stage, number] = cursor === undefined ? [] : readCursor(cursor, CURSOR);
    const after = atUs === undefined ? undefined : { atUs, stage: stage!, number: Number(number) };
    const { items, next } = await this.catalog.deadLetters.list(job.id, filter, { limit, order, after });
    return {
      items: items.map(letterView),
      nextCursor: next === undefined ? null : writeCursor(`${next.atUs}/${next.stage}/${next.number}`),
    };
  }

  @Get('groups')
  @IdPath('Counts them by stage, reason and table.')
  @QueryOf(groupsQuerySchema)
  @Answers(200, letterGroupsSchema)
  async groups(
    @Param('id') id: string,
    @Query({ schema: groupsQuerySchema }) filter: GroupsQuery,
  ): Promise<LetterGroupsView> {
    const job = await this.catalog.jobs.get(id);
    return letterGroupsView(await this.catalog.deadLetters.groups(job.id, filter));
  }

  @Post('replay')
  @HttpCode(200)
  @NeedsRole('operator')
  @Posts('Has open letters processed again by the stage that set them aside.', { id: true })
  @Answers(200, letterOutcomeSchema)
  async replay(
    @Param('id') id: string,
    @RequestId() requestId: string,
    @Body({ schema: replayLettersSchema }) { ids, filter, ...request }: ReplayLetters,
  ): Promise<LetterOutcomeView> {
    const job = await this.catalog.jobs.get(id);
    const selection = selectionOf(ids, filter);
    const { rate } = request;
    const outcome = await this.catalog.deadLetters.replay(job, { ...request, rate, selection, requestId });
    return letterOutcomeView(outcome, job);
  }

  @Post('cancel-replay')
  @HttpCode(200)
  @NeedsRole('operator')
  @Posts('Takes replays back that the job has not taken up.', { id: true })
  @Answers(200, letterOutcomeSchema)
  async cancelReplay(
    @Param('id') id: string,
    @RequestId() requestId: string,
    @Body({ schema: cancelReplaySchema }) { ids, filter, dryRun }: CancelReplay,
  ): Promise<LetterOutcomeView> {
    const job = await this.catalog.jobs.get(id);
    const selection = selectionOf(ids, filter);
    return letterOutcomeView(await this.catalog.deadLetters.cancelReplay(job, { dryRun, selection, requestId }), job);
  }

  @Post('discard')
  @HttpCode(200)
  @NeedsRole('operator')
  @Posts('Gives open letters up for good.', { id: true })
  @Answers(200, letterOutcomeSchema)
  async discard(
    @Param('id') id: string,
    @RequestId() requestId: string,
    @Body({ schema: discardLettersSchema }) { ids, filter, because = '', ...request }: DiscardLetters,
  ): Promise<LetterOutcomeView> {
    const job = await this.catalog.jobs.get(id);
    const selection = selectionOf(ids, filter);
    return letterOutcomeView(
      await this.catalog.deadLetters.discard(job, { ...request, because, selection, requestId }),
      job,
    );
  }

  @Get(':letterId')
  @IdPath('Shows a record that was set aside, and why.')
  @LetterPath
  @Answers(200, letterDetailSchema)
  async get(@Param('id') id: string, @Param('letterId') letterId: string): Promise<LetterDetailView> {
    const job = await this.catalog.jobs.get(id);
    return letterDetailView(await this.catalog.deadLetters.get(job, keyOf(job, letterId)));
  }

  @Patch(':letterId')
  @NeedsRole('editor', { action: 'dead_letter.edit' })
  @IdPath('Edits an open letter: the edited record is what is replayed. The original is kept.')
  @LetterPath
  @Answers(200, letterDetailSchema)
  async edit(
    @Param('id') id: string,
    @Param('letterId') letterId: string,
    @RequestId() requestId: string,
    @Body({ schema: editLetterSchema }) edit: EditLetter,
  ): Promise<LetterDetailView> {
    const job = await this.catalog.jobs.get(id);
    const edited = this.catalog.deadLetters.edit(job, keyOf(job, letterId), requestId, (current) =>
      editedEvent(current, edit),
    );
    return letterDetailView(await edited);
  }

  @Delete(':letterId/edit')
  @NeedsRole('editor', { action: 'dead_letter.undo_edit' })
  @IdPath('Undoes the edits of an open letter.')
  @LetterPath
  @Answers(200, letterDetailSchema)
  async undoEdit(
    @Param('id') id: string,
    @Param('letterId') letterId: string,
    @RequestId() requestId: string,
  ): Promise<LetterDetailView> {
    const job = await this.catalog.jobs.get(id);
    return letterDetailView(await this.catalog.deadLetters.undoEdit(job, keyOf(job, letterId), requestId));
  }
}

/** The schema wants one of the two. */
const selectionOf = (ids: readonly LetterKey[] | undefined, filter: ReplayLetters['filter']): LetterSelection =>
  ids === undefined ? { filter: filter ?? {} } : { ids };

/** @throws MillraceError `dead_letter.unknown` */
function keyOf(job: Pick<Job, 'name'>, letterId: string): LetterKey {
  const key = parseLetterId(letterId);
  if (key === undefined) throw unknownLetters(job.name, [letterId]);
  return key;
}
