/** Injected where there is no class to ask for. */
export const LOGGER = Symbol('logger');

/** Whether code may be uploaded. */
export const UPLOADS_ALLOWED = Symbol('uploads allowed');
