import { createClient } from '@millrace/sdk/client';

/** The API that served this page; the session's cookie says who we are. */
export const api = createClient({ baseUrl: location.origin });
