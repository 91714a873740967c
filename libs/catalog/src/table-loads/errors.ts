import { errorCode } from '@millrace/kernel';

/** One of the tables is in a load that is not over. */
export const TableIsLoading = errorCode('table_load.is_loading', {
  domain: 'user',
  retry: 'later',
  title: 'Table is being loaded',
});

export const TooManyTableLoads = errorCode('table_load.too_many', {
  domain: 'user',
  retry: 'later',
  title: 'Too many loads are open',
});
