import { Catalog } from '@millrace/catalog';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { NeedsRole } from '../access/roles.ts';
import { Answers, QueryOf } from '../http/api-docs.ts';
import { type PageView, readCursor, writeCursor } from '../http/page-query.ts';
import {
  type AuditEntryView,
  type AuditQuery,
  auditEntryView,
  auditPageSchema,
  auditQuerySchema,
} from './audit.schemas.ts';

@ApiTags('audit')
@Controller('api/v1/audit')
export class AuditController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @NeedsRole('admin')
  @ApiOperation({
    summary: 'Lists what was changed and by whom, and what was asked for and refused; the newest first.',
  })
  @QueryOf(auditQuerySchema)
  @Answers(200, auditPageSchema)
  async list(
    @Query({ schema: auditQuerySchema }) { limit, cursor, since, until, ...filter }: AuditQuery,
  ): Promise<PageView<AuditEntryView>> {
    const before = cursor === undefined ? undefined : Number(readCursor(cursor, /^\d{1,15}$/)[0]);
    const { items, next } = await this.catalog.audit.list(
      { ...filter, since: date(since), until: date(until) },
      { limit, ...(before === undefined ? {} : { before }) },
    );
    return {
      items: items.map(auditEntryView),
      nextCursor: next === undefined ? null : writeCursor(String(next)),
    };
  }
}

const date = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
