import { errorCode } from '@millrace/kernel';

export const LoadUnknownTable = errorCode('table_load.unknown_table', {
  domain: 'user',
  retry: 'never',
  title: 'The job does not capture this table',
});

export const LoadUnclearStage = errorCode('table_load.unclear_stage', {
  domain: 'user',
  retry: 'never',
  title: 'It is not clear which stage is meant',
});

export const LoadNotPossible = errorCode('table_load.not_possible', {
  domain: 'user',
  retry: 'never',
  title: 'The tables cannot be loaded again',
});
