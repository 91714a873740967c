/** Injected where there is no class to ask for. */
export const LOGGER = Symbol('logger');
