import { existsSync } from 'node:fs';

/** Connectors of one's own, made by `npm run new:connector`. */
const OWN = existsSync(new URL('./connectors', import.meta.url)) ? ['<rootDir>/connectors'] : [];

/** Native ESM: started by `tools/test.ts` with `--experimental-vm-modules`, servers up. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test', '<rootDir>/examples', ...OWN],
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  testTimeout: 60_000,
  maxWorkers: 2,
};
