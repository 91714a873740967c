import { systemClock } from '@millrace/kernel';
import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../../access/roles.ts';
import { Answers, Posts } from '../../http/api-docs.ts';
import { Executions } from '../../queue/executions.ts';
import { isoTime } from '../figures.view.ts';
import { DrainMemberUseCase } from './drain-member.use-case.ts';
import { type MembersView, type MemberView, memberSchema, membersSchema } from './member.schemas.ts';
import { memberView } from './member.view.ts';

const MemberPath = ApiParam({ name: 'id', description: 'Name of the member.', schema: { type: 'string' } });

@ApiTags('members')
@Controller('api/v1/members')
export class MembersController {
  constructor(
    private readonly executions: Executions,
    private readonly drainMember: DrainMemberUseCase,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Lists the workers: what they run, how they are, and which went without a word.' })
  @Answers(200, membersSchema)
  async list(): Promise<MembersView> {
    const { members, gone } = await this.executions.asked(this.executions.members.list(systemClock.nowMs()));
    return {
      items: members.map(memberView),
      gone: gone.map(({ name, lastAt }) => ({ name, lastAt: isoTime(lastAt) })),
    };
  }

  @Post(':id/drain')
  @HttpCode(202)
  @NeedsRole('operator', { action: 'member.drain' })
  @Posts('Gives the jobs of a worker to others, each with a last snapshot; it takes none until that is undone.')
  @MemberPath
  @Answers(202, memberSchema)
  async drain(@Param('id') name: string): Promise<MemberView> {
    return memberView(await this.drainMember.drain(name));
  }

  @Delete(':id/drain')
  @HttpCode(202)
  @NeedsRole('operator', { action: 'member.undo_drain' })
  @ApiOperation({ summary: 'Lets a worker take jobs again.' })
  @MemberPath
  @Answers(202, memberSchema)
  async undo(@Param('id') name: string): Promise<MemberView> {
    return memberView(await this.drainMember.undo(name));
  }
}
