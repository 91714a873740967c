import { Module } from '@nestjs/common';
import { serve } from '../service/serve.ts';
import { ServiceModule } from '../service/service.module.ts';
import { ItemsController } from './items.controller.ts';
import { Reserving } from './reserving.ts';
import { StockTables } from './tables.ts';

@Module({
  imports: [ServiceModule],
  controllers: [ItemsController],
  providers: [StockTables, Reserving],
})
class StockModule {}

await serve(StockModule);
