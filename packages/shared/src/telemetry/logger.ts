import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Logs JSON lines with the active span, without secrets and SQL. Synchronous, so that nothing is lost at exit. @param destination default stdout */
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
      serializers: { err: errorFields, error: errorFields },
      mixin: activeSpan,
      hooks: { streamWrite: redactLine },
    },
    destination,
  );
}

interface ErrorFields {
  readonly stack?: string;
  readonly cause?: ErrorFields | null;
}

/** What is thrown can be anything, and so can its cause. */
const errorFields = (error: unknown): unknown =>
  error instanceof Error ? withoutQuery(stdSerializers.errWithCause(error)) : error;

/** A failed query is logged as the database's error, at our line: its text and values can be a whole page of riders. */
function withoutQuery(fields: ErrorFields): ErrorFields {
  const { cause, stack } = fields;
  if (typeof cause !== 'object' || cause === null) return fields;
  const plain = withoutQuery(cause);
  if (!('query' in fields && 'params' in fields)) return { ...fields, cause: plain };
  const [first] = plain.stack?.split('\n') ?? [];
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return { ...plain, stack: [first, ...frames].join('\n') };
}

function activeSpan(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

const hidden = '***';
const secretName = /authorization|api[-_]?key|passw(or)?d|secret|token|cookie|webhook/i;

/** Replaces credentials and secret query values of URLs, and bearer tokens, in a text by `***`. */
export function redactUrl(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/"?#]+@/gi, `$1${hidden}@`)
    .replace(/([?&][\w-]*(?:key|token|secret|password))=[^&\s"#]+/gi, `$1=${hidden}`)
    .replace(/\b(bearer|basic) [\w.~+/=-]{8,}/gi, `$1 ${hidden}`);
}

/** Part of every secret that is found below, or an escape that could hide one. */
const possibleSecret = new RegExp(String.raw`${secretName.source}|key=|bearer |basic |@|\\[u/]`, 'i');

/** Redacts a line of JSON: fields with secret names at any depth, and secrets in all strings. Most lines have none, and stay as they are. */
export const redactLine = (line: string): string => (possibleSecret.test(line) ? redactFields(line) : line);

/** As `redactLine`, for a line that may have secrets. */
export function redactFields(line: string): string {
  const redacted: unknown = JSON.parse(line, (name, value: unknown) => {
    if (secretName.test(name)) return canHoldSecret(value) ? hidden : value;
    return typeof value === 'string' ? redactUrl(value) : value;
  });
  return `${JSON.stringify(redacted)}\n`;
}

/** Numbers and flags named `tokens` are harmless. */
const canHoldSecret = (value: unknown) =>
  typeof value === 'string' || (typeof value === 'object' && value !== null);
