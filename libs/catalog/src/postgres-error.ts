import { QueryFailedError } from 'typeorm';

/** SQLSTATEs (PostgreSQL manual, appendix A) the catalog turns into errors of its own. */
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const RESTRICT_VIOLATION = '23001';

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
}

const driverError = (error: unknown): DriverError =>
  error instanceof QueryFailedError ? (error.driverError as DriverError) : {};

/** The name of the violated unique constraint, such as `source_name_key`. */
export const violatedUnique = (error: unknown): string | undefined =>
  driverError(error).code === UNIQUE_VIOLATION ? driverError(error).constraint : undefined;

/** Did a reference keep the statement from happening (row still referenced, or referenced row missing)? */
export const violatesReference = (error: unknown): boolean =>
  [FOREIGN_KEY_VIOLATION, RESTRICT_VIOLATION].includes(driverError(error).code ?? '');
