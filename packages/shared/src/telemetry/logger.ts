import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import { redactLine } from './redact.ts';

export type { Logger } from 'pino';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * A logger that writes JSON lines: `service`, `pid`, ISO `time` (the machine's), the active span's `trace_id` and
 * `span_id`, and the fields given, without secrets. Writes are synchronous: what was said before an exit is kept.
 * @param destination where the lines go; stdout unless told
 */
export function createLogger(
  service: string,
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
      mixin: activeSpan,
      hooks: { streamWrite: redactLine },
    },
    destination,
  );
}

function activeSpan(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
