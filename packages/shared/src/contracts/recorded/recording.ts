import type { z } from 'zod';
import { catalog } from '../catalog.ts';
import type { Message } from '../message.ts';
import { scheduleBucket, scheduleKey, storedSchedule } from '../schedule.ts';

/** Data that one process writes and another one, possibly of another version, reads. */
export interface Contract {
  readonly name: string;
  /** Its subject and kind of delivery. */
  readonly channel: { readonly subject: string; readonly kind: string; readonly stream?: string };
  readonly schema: z.ZodType;
}

/** A contract as recorded for a version: a line of `<version>.json`. */
export type Recording = Contract['channel'] & {
  readonly samples: readonly unknown[];
  readonly schema: object;
};

/** Every payload and reply of the catalog, and the JSON that is stored in buckets. */
export const contracts: readonly Contract[] = [
  ...Object.entries(catalog).flatMap(([name, message]: [string, Message]) => {
    const { subject, kind, payload } = message;
    const channel = { subject, kind, ...('stream' in message && { stream: message.stream }) };
    const reply = kind === 'request' ? [{ name: `${name}Reply`, channel, schema: message.reply }] : [];
    return [{ name, channel, schema: payload }, ...reply];
  }),
  {
    name: 'storedSchedule',
    channel: { subject: `$KV.${scheduleBucket}.${scheduleKey}`, kind: 'stored' },
    schema: storedSchedule,
  },
];
