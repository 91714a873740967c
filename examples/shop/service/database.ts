import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Settings } from './settings.ts';

/** The service's own database. Nobody else writes to it. */
@Injectable()
export class Database extends pg.Pool implements OnApplicationShutdown {
  constructor({ databaseUrl }: Settings) {
    super({ connectionString: databaseUrl });
    const log = new Logger('Database');
    // Without a listener a connection that breaks while it is idle would end the process.
    this.on('error', (error) => log.warn(`an idle connection was cut: ${error.message}`));
  }

  /** Last of all: handlers that run have ended by then. */
  async onApplicationShutdown(): Promise<void> {
    await this.end();
  }
}
