import { format } from 'node:util';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { diagLogLevelFromString, getStringFromEnv, setGlobalErrorHandler } from '@opentelemetry/core';
import type { Logger } from './logger.ts';

/**
 * Writes what the SDK complains about as log lines, each complaint once: an unreachable collector fails again every
 * few seconds. OTEL_LOG_LEVEL says from which level on (warn unless told).
 */
export function sayComplaints(log: Logger): void {
  const said = new Set<string>();
  const once =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, ...details: unknown[]) => {
      const complaint = format(message, ...details);
      if (said.has(complaint)) return;
      said.add(complaint);
      log[level](complaint);
    };
  const logLevel = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL')) ?? DiagLogLevel.WARN;
  diag.setLogger(
    {
      verbose: once('debug'),
      debug: once('debug'),
      info: once('info'),
      warn: once('warn'),
      error: once('error'),
    },
    { logLevel },
  );
  setGlobalErrorHandler((error) =>
    diag.error(`telemetry failed: ${typeof error === 'string' ? error : error.message}`),
  );
}
