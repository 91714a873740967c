#!/usr/bin/env node
import { Command } from 'commander';
import { verifyCommand } from './verify/verify-command.ts';

const program = new Command('millrace').description('Millrace: change data capture, exactly once.');
program.addCommand(
  verifyCommand(
    (code) => {
      process.exitCode = code;
    },
    (line) => process.stdout.write(`${line}\n`),
    process.env,
  ),
);
await program.parseAsync();
