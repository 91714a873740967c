import { Catalog1795219200000 } from './1795219200000-catalog.ts';
import { JobModules1795737600000 } from './1795737600000-job-modules.ts';
import { DeadLetters1795824000000 } from './1795824000000-dead-letters.ts';
import { DeadLetterOrder1795827600000 } from './1795827600000-dead-letter-order.ts';
import { DeadLetterKeys1795831200000 } from './1795831200000-dead-letter-keys.ts';
import { Access1795906800000 } from './1795906800000-access.ts';
import { Executions1795910400000 } from './1795910400000-executions.ts';
import { TableLoads1795996800000 } from './1795996800000-table-loads.ts';
import { JobCounts1796083200000 } from './1796083200000-job-counts.ts';
import { Schedules1796086800000 } from './1796086800000-schedules.ts';

/** Every migration of the metadata database, oldest first. Append only: one that was merged is never edited. */
export const migrations = [
  Catalog1795219200000,
  JobModules1795737600000,
  DeadLetters1795824000000,
  DeadLetterOrder1795827600000,
  DeadLetterKeys1795831200000,
  Access1795906800000,
  Executions1795910400000,
  TableLoads1795996800000,
  JobCounts1796083200000,
  Schedules1796086800000,
] as const;
