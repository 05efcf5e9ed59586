import { z } from 'zod';

export const traceIdShape = z
  .string()
  .nullable()
  .describe('The trace that shows how it went, in Jaeger and in the logs; null: of before traces were kept');

/** The id in a W3C `traceparent`. */
export const traceIdOf = (traceparent: string | null): string | null => traceparent?.split('-')[1] ?? null;

/** Where a trace is shown, when it is known where. */
export const urlOfTrace = (template: string | undefined, traceId: string | null): string | null =>
  template === undefined || traceId === null ? null : template.replace(':id', traceId);
