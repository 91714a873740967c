import { Catalog } from '@millrace/catalog';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, QueryOf } from '../http/api-docs.ts';
import { type PageView, readCursor, writeCursor } from '../http/page-query.ts';
import { type AuditEntryView, type AuditQuery, auditPageSchema, auditQuerySchema } from './audit.schemas.ts';

@ApiTags('audit')
@Controller('api/v1/audit')
export class AuditController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @ApiOperation({ summary: 'Lists what people did to dead letters, the newest first; kept when the job is gone.' })
  @QueryOf(auditQuerySchema)
  @Answers(200, auditPageSchema)
  async list(
    @Query({ schema: auditQuerySchema }) { action, target, limit, cursor }: AuditQuery,
  ): Promise<PageView<AuditEntryView>> {
    const before = cursor === undefined ? undefined : Number(readCursor(cursor, /^\d{1,15}$/)[0]);
    const { items, next } = await this.catalog.audit.list({ action, target }, { limit, before });
    return {
      items: items.map(({ at, ...entry }) => ({ ...entry, at: at.toISOString() })),
      nextCursor: next === undefined ? null : writeCursor(String(next)),
    };
  }
}
