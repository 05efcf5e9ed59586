import type { z } from 'zod';
import { catalog, type Message } from '../catalog.ts';
import { keptSchedule, scheduleBucket, scheduleKey } from '../schedule.ts';

/** Something that one process writes and another reads, maybe of another version. */
export interface Spoken {
  readonly name: string;
  /** Where it is said, and how it is carried. */
  readonly way: { readonly subject: string; readonly kind: string; readonly stream?: string };
  readonly schema: z.ZodType;
}

/** Every payload and every reply of the catalog, and what is kept in buckets as JSON. */
export const spoken: readonly Spoken[] = [
  ...Object.entries(catalog).flatMap(([name, message]: [string, Message]) => {
    const { subject, kind, payload } = message;
    const way = { subject, kind, ...('stream' in message && { stream: message.stream }) };
    const reply = kind === 'request' ? [{ name: `${name}Reply`, way, schema: message.reply }] : [];
    return [{ name, way, schema: payload }, ...reply];
  }),
  {
    name: 'keptSchedule',
    way: { subject: `$KV.${scheduleBucket}.${scheduleKey}`, kind: 'kept' },
    schema: keptSchedule,
  },
];
