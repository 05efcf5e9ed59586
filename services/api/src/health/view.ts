import { z } from '@hono/zod-openapi';
import { iso, isoOrNull, time } from '../http/view.ts';
import { partNames, partStates } from './model.ts';
import type { SystemPart } from './parts.ts';

export const partShape = z
  .object({
    part: z.enum(partNames),
    state: z
      .enum(partStates)
      .describe(
        'up; down: not responding or not running; unknown: not observed yet, or not observable without the broker or the database',
      ),
    since: time.nullable().describe('When the state started; null while unknown'),
    title: z.string().nullable().describe('down: what is wrong'),
    why: z.string().nullable().describe('down: the effect, and the reason if there is one'),
    todo: z.string().nullable().describe('down: what an operator can do'),
  })
  .openapi('Part');

export const healthShape = z
  .object({ at: time, healthy: z.boolean().describe('No part is down'), parts: z.array(partShape) })
  .openapi('Health');

export const healthView = (parts: readonly SystemPart[], now: number): z.infer<typeof healthShape> => ({
  at: iso(now),
  healthy: parts.every(({ state }) => state !== 'down'),
  parts: parts.map((part) => ({ ...part, since: isoOrNull(part.since) })),
});
