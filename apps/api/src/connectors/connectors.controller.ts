import { ConnectorRegistry } from '@millrace/connector-contract';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers } from '../http/api-docs.ts';
import { type ConnectorView, connectorListSchema, connectorView } from './connector.view.ts';

@ApiTags('connectors')
@Controller('api/v1/connectors')
export class ConnectorsController {
  constructor(private readonly registry: ConnectorRegistry) {}

  @Get()
  @ApiOperation({ summary: 'The catalogue: every source and sink type with the JSON Schemas of its options.' })
  @Answers(200, connectorListSchema)
  list(): { readonly items: readonly ConnectorView[] } {
    return { items: this.registry.all().map(connectorView) };
  }
}
