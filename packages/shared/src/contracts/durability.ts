import { z } from 'zod';

/** The key in the bucket ORIGIN, next to the origin. Written by every provisioning. */
export const durabilityKey = 'durability';

/** When the broker syncs an acknowledged message to disk, as far as provisioning could prove it. */
export const durability = z.discriminatedUnion('sync', [
  /** Each server syncs it before it acknowledges it. */
  z.object({ sync: z.literal('always') }),
  /** A server syncs every `intervalMs` (real time): what it acknowledged since is lost in a power cut. */
  z.object({ sync: z.literal('interval'), intervalMs: z.number() }),
  z.object({ sync: z.literal('unknown'), reason: z.string() }),
]);
export type Durability = z.infer<typeof durability>;

/** For people. All are null when nothing is lost. */
export interface DurabilityNotice {
  readonly title: string | null;
  readonly reason: string | null;
  readonly advice: string | null;
}

const silent: DurabilityNotice = { title: null, reason: null, advice: null };

export function durabilityNotice(known: Durability): DurabilityNotice {
  switch (known.sync) {
    case 'always':
      return silent;
    case 'interval':
      return {
        title: 'A power cut can lose what the broker has acknowledged',
        reason: `It syncs its files every ${known.intervalMs / 1_000} s. After a power cut, calls made since are not counted, and commands accepted since are missing.`,
        advice:
          'Set sync_interval: always in the jetstream block of each nats-server (npm start: unset NATS_SYNC_INTERVAL), restart it, and provision again.',
      };
    case 'unknown':
      return {
        title: 'It is not known whether a power cut can lose what the broker has acknowledged',
        reason: `Provisioning could not read sync_interval: ${known.reason}. By default nats-server syncs its files only every two minutes.`,
        advice:
          'Set sync_interval: always in the jetstream block of each nats-server, set NATS_MONITOR_URL to their monitoring pages, and provision again.',
      };
  }
}
