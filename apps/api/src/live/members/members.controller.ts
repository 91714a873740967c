import { systemClock } from '@millrace/kernel';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Answers } from '../../http/api-docs.ts';
import { Executions } from '../../queue/executions.ts';
import { isoTime } from '../figures.view.ts';

const time = z.iso.datetime();

const memberSchema = z
  .object({
    name: z.string().meta({ description: 'Host and process.' }),
    startedAt: time,
    at: time.meta({ description: 'When it told this; every second.' }),
    threads: z.int().meta({ description: 'Of its engine.' }),
    jobs: z.array(z.object({ id: z.string(), name: z.string() })),
    heapUsedBytes: z.int(),
    heapMaxBytes: z.int(),
    rssBytes: z.int(),
    cpu: z.number().meta({ description: 'Cores it used in the last second; engine threads make it more than 1.' }),
    eventLoopP50Ms: z.number().meta({ description: 'How late the event loop of the main thread was.' }),
    eventLoopP99Ms: z.number(),
    version: z.string(),
  })
  .meta({ id: 'Member', description: 'A worker that is there.' });

const membersSchema = z
  .object({
    items: z.array(memberSchema),
    gone: z
      .array(z.object({ name: z.string(), lastAt: time }))
      .meta({ description: 'Workers that went without a word in the last ten minutes.' }),
  })
  .meta({ id: 'Members', description: 'The workers of the cluster.' });

type MembersView = z.infer<typeof membersSchema>;

@ApiTags('members')
@Controller('api/v1/members')
export class MembersController {
  constructor(private readonly executions: Executions) {}

  @Get()
  @ApiOperation({ summary: 'Lists the workers: what they run, how they are, and which went without a word.' })
  @Answers(200, membersSchema)
  async list(): Promise<MembersView> {
    const { members, gone } = await this.executions.asked(this.executions.members.list(systemClock.nowMs()));
    return {
      items: members.map(({ startedAt, at, ...facts }) => ({
        ...facts,
        jobs: facts.jobs.map(({ id, name }) => ({ id, name })),
        startedAt: isoTime(startedAt),
        at: isoTime(at),
      })),
      gone: gone.map(({ name, lastAt }) => ({ name, lastAt: isoTime(lastAt) })),
    };
  }
}
