import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type AppParts, appModule } from './app.module.ts';
import { openApiDocument } from './http/open-api.ts';

/** Stands for all parts, and for what they consist of. */
const namedOnly: object = new Proxy({}, { get: () => namedOnly });

/**
 * The OpenAPI document without a database or Redis: for making clients. In preview mode Nest makes none of the classes, so that the parts that
 * talk to servers are only named here.
 */
export async function describeApi(): Promise<OpenAPIObject> {
  const app = await NestFactory.create<NestFastifyApplication>(appModule(namedOnly as AppParts), new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
    preview: true,
  });
  try {
    return openApiDocument(app);
  } finally {
    await app.close();
  }
}
