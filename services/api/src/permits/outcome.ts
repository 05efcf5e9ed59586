import { z } from '@hono/zod-openapi';
import type { Outcome } from '@paceline/shared/contracts';
import { readLimits } from '@paceline/shared/upstreams/limits';
import { readUsage } from '@paceline/shared/upstreams/usage';
import type { Door } from '../door/door.ts';

/** How a program says that its call ended. */
export const resultShape = z.object({
  status: z
    .int()
    .min(100, 'must be at least 100')
    .max(999, 'must be at most 999')
    .nullable()
    .describe('Of the answer; null: none came'),
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe("The answer's headers: they can name a wait, limits and usage"),
  body: z
    .string()
    .max(10_000, 'must be at most 10000 characters')
    .optional()
    .describe('Of a failure: as for headers'),
  durationMs: z.number().min(0, 'must be at least 0').max(3_600_000, 'must be at most 3600000').optional(),
});

/** As the answer of a call that we make: what its headers and body say about limits is read in the upstream's own words. */
export function outcomeOf(
  { upstream: { dialect, endpoints }, clock }: Pick<Door, 'upstream' | 'clock'>,
  endpoint: string,
  { status, headers: given = {}, body = '', durationMs }: z.infer<typeof resultShape>,
): Outcome {
  const lasted = durationMs === undefined ? {} : { durationMs: clock.toProjectMs(durationMs) };
  if (status === null) return { result: 'unanswered', ...lasted };
  const headers = headersOf(given);
  const usage = readUsage(dialect, endpoints[endpoint]?.budgets ?? [], headers);
  const limits = readLimits(dialect, status, headers, body, clock.now());
  return { result: 'answered', status, ...lasted, ...limits, ...(usage.length > 0 && { usage }) };
}

/** Without those that can't be headers. */
function headersOf(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.append(name, value);
    } catch {
      // It says nothing that upstream could have said.
    }
  }
  return headers;
}
