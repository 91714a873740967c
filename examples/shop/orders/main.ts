import { Module } from '@nestjs/common';
import { serve } from '../service/serve.ts';
import { ServiceModule } from '../service/service.module.ts';
import { InvoicesTopic } from './invoices-topic.ts';
import { OrdersController } from './orders.controller.ts';
import { Orders } from './orders.service.ts';
import { StockAnswers } from './stock-answers.ts';

@Module({
  imports: [ServiceModule],
  controllers: [OrdersController],
  providers: [Orders, StockAnswers, InvoicesTopic],
})
class OrdersModule {}

await serve(OrdersModule);
