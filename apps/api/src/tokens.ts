/** Injected where there is no class to ask for. */
export const LOGGER = Symbol('logger');

/** Whether code may be uploaded. */
export const UPLOADS_ALLOWED = Symbol('uploads allowed');

/** Where people find the API, when that is not where it listens. */
export const PUBLIC_URL = Symbol('public url');
/** Time, as schedules see it. */
export const CLOCK = Symbol('clock');
export const IDS = Symbol('ids');
