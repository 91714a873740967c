#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { MillraceError } from '@millrace/kernel';
import { Command } from 'commander';
import { initCommand } from './access/init-command.ts';
import { keysCommand } from './access/keys-command.ts';
import { applyCommand } from './configuration/apply-command.ts';
import { connectorsCommand } from './connectors/connectors-command.ts';
import { deadLettersCommand } from './dead-letters/dead-letters-command.ts';
import { demoCommand } from './demo/demo-command.ts';
import { jobsCommand } from './jobs/jobs-command.ts';
import { planCommand } from './plan/plan-command.ts';
import { schedulesCommand } from './schedules/schedules-command.ts';
import { submitCommand, uploadCommand } from './submit/submit-command.ts';
import { typegenCommand } from './typegen/typegen-command.ts';
import { verifyCommand } from './verify/verify-command.ts';

const EXIT_FAILED = 2;

const exit = (code: number): void => {
  process.exitCode = code;
};
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
/** Nobody is there to be asked in a script. */
const ask = async (question: string): Promise<string | undefined> => {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
};

const program = new Command('millrace').description('Millrace: change data capture, exactly once.');
program.addCommand(verifyCommand(exit, print, process.env));
program.addCommand(demoCommand(exit));
program.addCommand(submitCommand(print, process.env));
program.addCommand(uploadCommand(print, process.env));
program.addCommand(planCommand(exit, print, process.env));
program.addCommand(applyCommand(print, process.env, ask));
program.addCommand(typegenCommand(print, process.env));
program.addCommand(connectorsCommand(print, process.env));
program.addCommand(initCommand(print, process.env));
program.addCommand(keysCommand(print, process.env));
program.addCommand(jobsCommand(print, process.env));
program.addCommand(schedulesCommand(print, process.env));
program.addCommand(deadLettersCommand(print, process.env));
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  process.stderr.write(`${error.code.code}: ${error.message}\n${error.mend === undefined ? '' : `${error.mend}\n`}`);
  process.exitCode ??= EXIT_FAILED;
}
