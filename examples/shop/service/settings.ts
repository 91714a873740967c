import { z } from 'zod';

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(1).max(65_535),
  DATABASE_URL: z.string().min(1),
  MILLRACE_URL: z.string().default('http://127.0.0.1:8080'),
  MILLRACE_API_KEY: z.string().optional(),
  /** `host:port`, comma-separated. */
  KAFKA_BROKERS: z.string().default('127.0.0.1:9092'),
  INVOICES_TOPIC: z.string().default('invoices'),
});

/** What a service is told by its environment. */
export class Settings {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly millraceUrl: string;
  readonly millraceApiKey: string | undefined;
  readonly kafkaBrokers: readonly string[];
  readonly invoicesTopic: string;

  /** @throws ZodError that names what is missing */
  constructor(environment: NodeJS.ProcessEnv) {
    const given = schema.parse(environment);
    this.host = given.HOST;
    this.port = given.PORT;
    this.databaseUrl = given.DATABASE_URL;
    this.millraceUrl = given.MILLRACE_URL;
    this.millraceApiKey = given.MILLRACE_API_KEY;
    this.kafkaBrokers = given.KAFKA_BROKERS.split(',');
    this.invoicesTopic = given.INVOICES_TOPIC;
  }
}
