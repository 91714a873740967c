import { MillraceModule } from '@millrace/sdk/nest';
import { Module } from '@nestjs/common';
import { serve } from '../service/serve.ts';
import { ServiceModule } from '../service/service.module.ts';
import { Invoicing } from './invoicing.ts';

// #region module
@Module({
  imports: [ServiceModule, MillraceModule.forFeature({ consumer: 'billing', filter: "after.status = 'paid'" })],
  providers: [Invoicing],
})
class BillingModule {}
// #endregion

await serve(BillingModule);
