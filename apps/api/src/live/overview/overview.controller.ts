import { Catalog } from '@millrace/catalog';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Actor, Caller } from '../../access/actor.ts';
import { Answers } from '../../http/api-docs.ts';
import { AnswersStream } from '../stream/answers-stream.ts';
import { follow } from '../stream/follow.ts';
import { Streams } from '../stream/streams.ts';
import { Fleet } from './fleet.ts';
import { FleetChanges } from './fleet-changes.ts';
import {
  fleetChangesSchema,
  fleetEventSchema,
  type OperationView,
  type OverviewView,
  overviewSchema,
  troubleSchema,
} from './overview.schemas.ts';
import { SourceSlots } from './source-slots.ts';

const OPERATIONS_MAX = 20;

@ApiTags('overview')
@Controller('api/v1')
export class OverviewController {
  constructor(
    private readonly catalog: Catalog,
    private readonly fleet: Fleet,
    private readonly streams: Streams,
    private readonly slots: SourceSlots,
  ) {}

  @Get('overview')
  @ApiOperation({ summary: 'Is anything wrong, since when, what to do; all jobs in a line each; the last hour.' })
  @Answers(200, overviewSchema)
  async overview(): Promise<OverviewView> {
    const { at, problems, totals, jobs } = await this.fleet.poll.now();
    const [history, operations] = await Promise.all([this.fleet.history(), this.#operations()]);
    const sources = [...this.slots.now().summaries];
    return { at, problems: [...problems], totals, jobs: [...jobs], history: [...history], sources, operations };
  }

  @Get('events')
  @ApiOperation({ summary: 'The fleet as it changes, once a second (server-sent events).' })
  @AnswersStream('Everything at first (`fleet`), then what has changed (`changes`).', {
    fleet: fleetEventSchema,
    changes: fleetChangesSchema,
    trouble: troubleSchema,
  })
  events(@Caller() caller: Actor, @Res() reply: FastifyReply): void {
    const viewer = new FleetChanges();
    follow(this.fleet.poll, this.streams.open(caller, reply), (state) => viewer.next(state));
  }

  /** Of an entry of the audit log only what everybody may see. */
  async #operations(): Promise<OperationView[]> {
    const { items } = await this.catalog.audit.list({}, { limit: OPERATIONS_MAX });
    return items.map(({ id, at, action, target, targetName, actor, outcome }) => ({
      id,
      at: at.toISOString(),
      action,
      target,
      targetName,
      actor: actor.name ?? actor.kind,
      outcome,
    }));
  }
}
