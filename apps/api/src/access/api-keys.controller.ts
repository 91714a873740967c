import { Catalog } from '@millrace/catalog';
import { MillraceError, parseDurationMs } from '@millrace/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, IdPath, ListQuery } from '../http/api-docs.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { ResourceId } from '../http/resource-id.ts';
import {
  type CreateKey,
  createKeySchema,
  type IssuedKeyView,
  issuedKeySchema,
  issuedKeyView,
  type KeyView,
  keyPageSchema,
  keyView,
  keyViewSchema,
  lifetimeMs,
  type RotateKey,
  rotateKeySchema,
} from './access.schemas.ts';
import { type Actor, Caller } from './actor.ts';
import { NoKeyYet } from './errors.ts';
import { NeedsRole } from './roles.ts';

@ApiTags('access')
@Controller('api/v1/api-keys')
export class ApiKeysController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @NeedsRole('admin')
  @ListQuery('Lists API keys in the order of their making; no secrets.')
  @Answers(200, keyPageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<KeyView>> {
    return pageView(await this.catalog.apiKeys.list(pageRequest(query)), keyView);
  }

  @Post()
  @NeedsRole('admin', { answersSecret: true })
  @ApiOperation({ summary: 'Makes an API key. The answer has its secret, this once; it takes no Idempotency-Key.' })
  @Answers(201, issuedKeySchema)
  async create(
    @ResourceId() id: string,
    @Caller() caller: Actor,
    @Body({ schema: createKeySchema }) { name, role, expiresIn }: CreateKey,
  ): Promise<IssuedKeyView> {
    // A key of another role would lock everybody out of making more.
    if (caller.kind === 'open') throw noKeyYet();
    const input = { name, role, createdBy: caller.name, expiresInMs: lifetimeMs(expiresIn) };
    return issuedKeyView(await this.catalog.apiKeys.create(id, input));
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @NeedsRole('admin', { answersSecret: true })
  @IdPath('Gives an API key a new secret, shown this once. The one before can go on working for a while.')
  @Answers(200, issuedKeySchema)
  async rotate(
    @Param('id') id: string,
    @Body({ schema: rotateKeySchema }) { oldKeyWorksFor, expiresIn }: RotateKey,
  ): Promise<IssuedKeyView> {
    const graceMs = parseDurationMs(oldKeyWorksFor) ?? 0;
    const end = expiresIn === undefined ? {} : { expiresInMs: lifetimeMs(expiresIn) ?? null };
    return issuedKeyView(await this.catalog.apiKeys.rotate(id, { graceMs, ...end }));
  }

  @Delete(':id')
  @NeedsRole('admin', { action: 'api_key.revoke' })
  @IdPath('Revokes an API key, and ends its sessions, at once and for good. It stays in the list.')
  @Answers(200, keyViewSchema)
  async revoke(@Param('id') id: string): Promise<KeyView> {
    return keyView(await this.catalog.apiKeys.revoke(id));
  }
}

const noKeyYet = (): MillraceError =>
  new MillraceError(NoKeyYet, {
    message: "the first key has to be an admin's, so that there is one who can make more",
    mend: 'Make it with millrace init, or POST /api/v1/first-key.',
  });
