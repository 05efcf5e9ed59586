import type { z } from 'zod';
import { catalog } from '../catalog.ts';
import type { Message } from '../message.ts';
import { scheduleBucket, scheduleKey, storedSchedule } from '../schedule.ts';

/** Something that one process writes and another reads, maybe of another version. */
export interface Contract {
  readonly name: string;
  /** Where it is written, and how it is carried. */
  readonly way: { readonly subject: string; readonly kind: string; readonly stream?: string };
  readonly schema: z.ZodType;
}

/** A contract as a version had it: a line of `<version>.json`. */
export type Recording = Contract['way'] & { readonly samples: readonly unknown[]; readonly schema: object };

/** Every payload and every reply of the catalog, and what is stored in buckets as JSON. */
export const contracts: readonly Contract[] = [
  ...Object.entries(catalog).flatMap(([name, message]: [string, Message]) => {
    const { subject, kind, payload } = message;
    const way = { subject, kind, ...('stream' in message && { stream: message.stream }) };
    const reply = kind === 'request' ? [{ name: `${name}Reply`, way, schema: message.reply }] : [];
    return [{ name, way, schema: payload }, ...reply];
  }),
  {
    name: 'storedSchedule',
    way: { subject: `$KV.${scheduleBucket}.${scheduleKey}`, kind: 'stored' },
    schema: storedSchedule,
  },
];
