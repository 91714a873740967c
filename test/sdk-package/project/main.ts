import 'reflect-metadata';
import { fromPg } from '@millrace/sdk';
import { MillraceModule } from '@millrace/sdk/nest';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { Mailer } from './mailer.js';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });

@Module({
  imports: [
    MillraceModule.forRoot({ baseUrl: process.env.MILLRACE_URL ?? 'http://127.0.0.1:8080', executor: fromPg(pool) }),
  ],
  providers: [Mailer],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
