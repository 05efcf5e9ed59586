import { diag } from '@opentelemetry/api';
import { globalErrorHandler } from '@opentelemetry/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sayComplaints } from './diagnostics.ts';
import { createLogger } from './logger.ts';

afterEach(() => {
  diag.disable();
  vi.unstubAllEnvs();
});

/** What is logged as level and message while `complain` runs. */
function said(complain: () => void): string[] {
  const lines: string[] = [];
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: string; msg: string };
    lines.push(`${level}: ${msg}`);
  };
  sayComplaints(createLogger('test', 'debug', { write }));
  complain();
  return lines;
}

describe('complaints of the SDK', () => {
  it('are said once each', () => {
    const complain = () => {
      for (let batch = 0; batch < 3; batch++) globalErrorHandler(new Error('connect ECONNREFUSED'));
      globalErrorHandler('no route');
      diag.warn('exporter', 'dropped', 5);
    };
    expect(said(complain)).toEqual([
      'error: telemetry failed: connect ECONNREFUSED',
      'error: telemetry failed: no route',
      'warn: exporter dropped 5',
    ]);
  });

  it('are warnings and errors, unless OTEL_LOG_LEVEL asks for more or less', () => {
    const complain = () => {
      diag.debug('a detail');
      diag.warn('a warning');
      diag.error('an error');
    };
    expect(said(complain)).toEqual(['warn: a warning', 'error: an error']);
    vi.stubEnv('OTEL_LOG_LEVEL', 'debug');
    expect(said(complain)).toContain('debug: a detail');
    vi.stubEnv('OTEL_LOG_LEVEL', 'none');
    expect(said(complain)).toEqual([]);
  });
});
