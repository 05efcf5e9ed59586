import { z } from '@hono/zod-openapi';
import { iso, time } from '../http/view.ts';

export const failureTypes = ['run', 'call', 'list', 'command', 'rider'] as const;

export const failureShape = z
  .object({
    at: time,
    type: z
      .enum(failureTypes)
      .describe(
        'What failed: a run, a call, a command, or a rider of an import; list: its last response lacks most of what is stored',
      ),
    what: z.string(),
    reason: z.string(),
    runId: z.string().nullable(),
    commandId: z.string().nullable(),
    program: z.string().nullable().describe('The program that made the call, or let the API make it'),
  })
  .openapi('Failure');
type FailureView = z.infer<typeof failureShape>;

export const failuresShape = z
  .object({
    since: time,
    items: z.array(failureShape).describe('Newest first'),
    complete: z.boolean().describe('false: there are more than `limit`'),
  })
  .openapi('Failures');

/** `at` is project ms. */
export interface Failure extends Omit<FailureView, 'at' | 'program'> {
  readonly at: number;
  readonly program?: string | null;
}

export const failuresView = (since: number, failures: readonly Failure[], limit: number) => ({
  since: iso(since),
  items: failures
    .slice(0, limit)
    .map(({ program = null, ...each }) => ({ ...each, program, at: iso(each.at) })),
  complete: failures.length <= limit,
});
