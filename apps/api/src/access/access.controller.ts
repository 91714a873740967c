import { Catalog } from '@millrace/catalog';
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditTrail } from '../audit/audit-trail.ts';
import { Answers } from '../http/api-docs.ts';
import { ResourceId } from '../http/resource-id.ts';
import { PUBLIC_URL } from '../tokens.ts';
import {
  type CreateSession,
  type FirstKey,
  firstKeySchema,
  type IssuedKeyView,
  issuedKeySchema,
  issuedKeyView,
  lifetimeMs,
  type Me,
  meSchema,
  meView,
  sessionSchema,
} from './access.schemas.ts';
import { type Actor, Caller } from './actor.ts';
import { Authenticator, OPEN } from './authenticator.ts';
import { refuseOtherMachines } from './open-access.ts';
import { RATE_LIMITS, type RateLimits } from './rate-limits.ts';
import { NeedsRole, OpenToAnyone } from './roles.ts';
import {
  clearSessionCookie,
  type PublicUrl,
  refuseInsecureTransport,
  refuseOtherPages,
  sessionToken,
  setSessionCookie,
} from './session-cookie.ts';

@ApiTags('access')
@Controller('api/v1')
export class AccessController {
  constructor(
    private readonly catalog: Catalog,
    private readonly authenticator: Authenticator,
    private readonly trail: AuditTrail,
    @Inject(RATE_LIMITS) private readonly limits: RateLimits,
    @Inject(PUBLIC_URL) private readonly publicUrl: PublicUrl,
  ) {}

  @Get('me')
  @NeedsRole('viewer')
  @ApiOperation({
    summary: 'Who calls, what he may do and until when; whether the API is open because it has no key yet.',
  })
  @Answers(200, meSchema)
  me(@Caller() caller: Actor): Me {
    return meView(caller);
  }

  @Post('first-key')
  @OpenToAnyone({ answersSecret: true })
  @ApiOperation({
    summary:
      "Makes the first key, an admin's: only while there is none, and only for a caller on the API's machine. Shown this once.",
  })
  @Answers(201, issuedKeySchema)
  async firstKey(
    @Req() request: FastifyRequest,
    @ResourceId() id: string,
    @Body({ schema: firstKeySchema }) { name, expiresIn }: FirstKey,
  ): Promise<IssuedKeyView> {
    refuseOtherMachines(request);
    const entry = { action: 'api_key.create_first', target: `api-key/${id}` };
    const input = { name, createdBy: OPEN.name, expiresInMs: lifetimeMs(expiresIn) };
    return issuedKeyView(await this.trail.run(request, OPEN, entry, () => this.catalog.apiKeys.createFirst(id, input)));
  }

  @Post('session')
  @HttpCode(200)
  @OpenToAnyone({ answersSecret: true })
  @ApiOperation({
    summary:
      'Begins a session of a browser with a key: sets a cookie that scripts cannot read and other sites cannot use.',
  })
  @Answers(200, meSchema)
  async beginSession(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body({ schema: sessionSchema }) { key }: CreateSession,
  ): Promise<Me> {
    refuseOtherPages(request, this.publicUrl, 'if-sent');
    refuseInsecureTransport(request, this.publicUrl);
    const actor = await this.#actorOf(request, key);
    const entry = { action: 'session.begin', target: `api-key/${actor.keyId}` };
    const session = await this.trail.run(request, actor, entry, () => this.catalog.sessions.begin(actor.keyId!));
    setSessionCookie(request, reply, { ...session, publicUrl: this.publicUrl });
    return meView({ ...actor, kind: 'session', expiresAt: session.expiresAt });
  }

  @Delete('session')
  @HttpCode(204)
  @OpenToAnyone()
  @ApiOperation({ summary: 'Ends the session of the cookie that is sent; without one there is nothing to do.' })
  @Answers(204)
  async endSession(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const token = sessionToken(request);
    const session = token === undefined ? undefined : await this.catalog.sessions.find(token);
    if (token !== undefined && session !== undefined) {
      const actor = await this.authenticator.identify(request);
      const entry = { action: 'session.end', target: `api-key/${actor.keyId}` };
      await this.trail.run(request, actor, entry, () => this.catalog.sessions.end(token));
    }
    clearSessionCookie(request, reply, this.publicUrl);
  }

  async #actorOf(request: FastifyRequest, key: string): Promise<Actor> {
    try {
      return await this.authenticator.withKey(key.trim());
    } catch (error) {
      await this.limits.countFailure(request);
      throw error;
    }
  }
}
