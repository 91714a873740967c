import { errorCode, MillraceError } from '@millrace/kernel';
import { ApiProblem } from '@millrace/sdk/client';
import { ApplyFailed, ConfigInvalid, PlanStale, ReplaceNotAllowed } from '@millrace/sdk/config';
import { ApiRefused, ApiUnreachable, HOW_TO_GIVE_A_KEY } from '../rest-client.ts';

const user = { domain: 'user', retry: 'after-repair' } as const;
const ConfigurationInvalid = errorCode('cli.configuration_invalid', {
  ...user,
  title: 'The configuration is not valid',
});
const PlanOutOfDate = errorCode('cli.plan_stale', { ...user, title: 'The plan is out of date' });
const ReplaceNotMeant = errorCode('cli.replace_not_allowed', { ...user, title: 'Jobs would be replaced' });
const ApplyStopped = errorCode('cli.apply_failed', { ...user, title: 'The configuration was applied in part' });

/** Runs what the SDK does, with its errors as the command line shows them. @throws MillraceError */
export async function withSdkErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw shown(error);
  }
}

function shown(error: unknown): unknown {
  if (error instanceof ConfigInvalid) {
    const mend = 'Mend it; nothing was done.';
    return new MillraceError(ConfigurationInvalid, { message: `\n${error.message}`, mend }, { cause: error });
  }
  if (error instanceof PlanStale)
    return new MillraceError(PlanOutOfDate, { message: error.message, mend: 'Plan again.' }, { cause: error });
  if (error instanceof ReplaceNotAllowed)
    return new MillraceError(ReplaceNotMeant, { message: error.message, mend: 'Give --replace.' }, { cause: error });
  if (error instanceof ApplyFailed) {
    const why = error.cause instanceof ApiProblem ? mendOf(error.cause) : [];
    const mend = [...why, 'Apply again when that is mended: what is done is left alone.'].join('\n');
    return new MillraceError(ApplyStopped, { message: error.message, mend }, { cause: error });
  }
  if (error instanceof ApiProblem) {
    const { status, code, detail } = error.problem;
    const mend = mendOf(error).join('\n');
    return status === 0
      ? new MillraceError(ApiUnreachable, { message: detail, mend }, { cause: error })
      : new MillraceError(ApiRefused, { message: `${status} ${code} ${detail}`, mend }, { cause: error });
  }
  return error;
}

function mendOf({ problem: { status, mend, errors = [] } }: ApiProblem): readonly string[] {
  const details = errors.map(({ pointer, detail, mend: how }) => `${pointer ?? ''} ${detail} ${how ?? ''}`.trim());
  return [mend, ...(status === 401 ? [HOW_TO_GIVE_A_KEY] : []), ...details].filter((text) => text !== undefined);
}
