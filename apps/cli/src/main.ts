#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { exitCodes, runCli } from './cli.ts';
import { UsageError } from './core/usage.ts';

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort(new Error('Ctrl-C')));
process.once('SIGTERM', () => stopping.abort(new Error('terminated')));
// The reader of a pipe, such as `head`, can close it early.
process.stdout.on('error', () => process.exit(exitCodes.ok));

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  output: process.stdout,
  errorOutput: process.stderr,
  read: (file) =>
    file === '-'
      ? text(process.stdin)
      : readFile(file, 'utf8').catch((error: Error) => {
          throw new UsageError(`Cannot read ${file}: ${error.message}`);
        }),
  signal: stopping.signal,
});
