import { z } from '@hono/zod-openapi';
import { timeParam } from './params.ts';
import { Problem } from './problem.ts';

const maxPauseSeconds = 30 * 86_400;
/** The end of a pause, of a budget or a sync. */
export const pauseBody = z
  .object({
    until: timeParam.optional(),
    forSeconds: z
      .int('must be a whole number of seconds')
      .min(1, 'must be at least 1')
      .max(maxPauseSeconds, `must be at most ${maxPauseSeconds}`)
      .optional(),
  })
  .refine(({ until, forSeconds }) => (until === undefined) !== (forSeconds === undefined), {
    path: ['until'],
    message: 'or forSeconds is required, not both',
  })
  .openapi({ example: { forSeconds: 3_600 } });

/** @returns project ms @throws {Problem} */
export function endOfPause({ until, forSeconds = 0 }: z.infer<typeof pauseBody>, now: number): number {
  const end = until === undefined ? now + forSeconds * 1_000 : Date.parse(until);
  if (end > now && end <= now + maxPauseSeconds * 1_000) return Math.ceil(end);
  const message = `must be later than now (${new Date(now).toISOString()}) and within 30 days`;
  throw new Problem('invalid-input', `until ${message}`, { errors: [{ field: 'until', message }] });
}
