import { createLogger, type Logger } from '../telemetry/index.ts';

/** The log of what runs in a test: nothing, or everything with `TEST_LOG=1`. What is expected to fail is no news. */
export const testLog = (name: string): Logger =>
  // Pino knows a level at which nothing is logged; no service is to be set to it.
  createLogger(name, process.env.TEST_LOG === undefined ? ('silent' as 'error') : 'debug');
