import { Catalog, type JobModule } from '@millrace/catalog';
import { errorCode, MillraceError } from '@millrace/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { UPLOADS_ALLOWED } from '../tokens.ts';
import { MODULE_BYTES_MAX } from './module.schemas.ts';

export const UploadsOff = errorCode('module.uploads_off', {
  domain: 'user',
  retry: 'never',
  title: 'Uploads are switched off',
});
export const ModuleTooLarge = errorCode('module.too_large', {
  domain: 'user',
  retry: 'never',
  title: 'Module is too large',
});

/** Takes code that workers will run: whether that is allowed at all is asked here, who may do it (an editor) before. */
@Injectable()
export class UploadModuleUseCase {
  constructor(
    private readonly catalog: Catalog,
    @Inject(UPLOADS_ALLOWED) private readonly uploadsAllowed: boolean,
  ) {}

  /** @throws MillraceError `module.uploads_off`, `module.too_large` */
  async execute(code: string): Promise<JobModule> {
    if (!this.uploadsAllowed) {
      throw new MillraceError(UploadsOff, {
        message: 'this API takes no modules: MILLRACE_UPLOADS is off',
        mend: 'Write the job declaratively, or let the operator set MILLRACE_UPLOADS=on.',
      });
    }
    const bytes = Buffer.byteLength(code);
    if (bytes > MODULE_BYTES_MAX) {
      throw new MillraceError(ModuleTooLarge, {
        message: `the module has ${bytes} bytes, more than ${MODULE_BYTES_MAX}`,
        mend: 'Leave out what it does not need: import single functions, not whole libraries.',
        pointer: '/code',
        details: { bytes, limit: MODULE_BYTES_MAX },
      });
    }
    return this.catalog.modules.put(code);
  }
}
