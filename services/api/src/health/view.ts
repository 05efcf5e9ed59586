import { z } from '@hono/zod-openapi';
import { type Durability, durabilityNotice } from '@paceline/shared/contracts';
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
    reason: z.string().nullable().describe('down: the effect, and the reason if there is one'),
    advice: z.string().nullable().describe('down: what an operator can do'),
  })
  .openapi('Part');

export const durabilityShape = z
  .object({
    sync: z
      .enum(['always', 'interval', 'unknown'])
      .describe(
        'always: each server syncs a message to disk before acknowledging it; interval: only now and then; unknown: provisioning could not prove it, or it has not been read yet',
      ),
    title: z
      .string()
      .nullable()
      .describe('A power cut can lose acknowledged messages, or may; null: it can not'),
    reason: z.string().nullable().describe('What would be lost'),
    advice: z.string().nullable().describe('What an operator can do'),
  })
  .openapi('Durability');

export const healthShape = z
  .object({
    at: time,
    healthy: z.boolean().describe('No part is down'),
    parts: z.array(partShape),
    durability: durabilityShape,
  })
  .openapi('Health');

const unread = { sync: 'unknown', title: null, reason: null, advice: null } as const;

export const healthView = (
  parts: readonly SystemPart[],
  durability: Durability | undefined,
  now: number,
): z.infer<typeof healthShape> => ({
  at: iso(now),
  healthy: parts.every(({ state }) => state !== 'down'),
  durability: durability ? { sync: durability.sync, ...durabilityNotice(durability) } : unread,
  parts: parts.map((part) => ({ ...part, since: isoOrNull(part.since) })),
});
