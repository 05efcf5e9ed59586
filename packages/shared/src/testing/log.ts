import { createLogger, type Logger } from '../telemetry/index.ts';

/** A logger for tests: silent, or everything with `TEST_LOG=1`. */
export const testLog = (name: string): Logger =>
  // Pino's level `silent` is not in `LogLevel`, as no service should use it.
  createLogger(name, process.env.TEST_LOG === undefined ? ('silent' as 'error') : 'debug');
