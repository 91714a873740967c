import 'reflect-metadata';
import { ConsoleLogger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Settings } from './settings.ts';

/** Starts a service. On SIGTERM it takes nothing new, finishes what runs, and ends. */
export async function serve(module: Type): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: new ConsoleLogger({ json: true }),
  });
  app.enableShutdownHooks([], { useProcessExit: true });
  const { port, host } = app.get(Settings);
  await app.listen(port, host);
}
