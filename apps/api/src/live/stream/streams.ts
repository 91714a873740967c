import { systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../access/actor.ts';
import { StreamSlots } from '../../access/stream-slots.ts';
import { EventStream } from './event-stream.ts';

/** Opens streams of server-sent events, as many at once as there are slots. */
@Injectable()
export class Streams {
  constructor(private readonly slots: StreamSlots) {}

  /** @throws MillraceError `access.too_many_streams`, before anything of the answer is sent */
  open(caller: Actor, reply: FastifyReply): EventStream {
    return new EventStream({ reply, slot: this.slots.take(caller), clock: systemClock });
  }
}
