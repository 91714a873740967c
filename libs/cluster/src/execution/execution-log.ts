/** Where state changes of executions are told: one line each. A pino logger is one. */
export interface ExecutionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
