import { registerHooks } from 'node:module';

const PLATFORM = '@millrace/';

let isRegistered = false;

/** Lets modules that lie anywhere import the platform's own packages: those of this process, so that there is one of each. Once for a thread. */
export function registerPlatformImports(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, specifier.startsWith(PLATFORM) ? { ...context, parentURL: import.meta.url } : context),
  });
}
