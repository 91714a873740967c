export { postgresSource } from './connector.ts';
export { ConnectionLost, PositionLost } from './errors.ts';
