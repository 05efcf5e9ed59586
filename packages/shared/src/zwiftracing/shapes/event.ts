import { z } from 'zod';
import { optionalNumber, optionalText, secondsAsMs, textId } from './fields.ts';
import { type ReadItems, readAs, readEach } from './read.ts';

/** `"20,29,36"` is one count for each pen; `""` is none. */
const counts = z
  .string()
  .transform((text) => text.split(',').reduce((sum, count) => sum + (Number.parseInt(count, 10) || 0), 0))
  .pipe(z.int32())
  .catch(0);

const schema = z
  .object({
    eventId: textId,
    time: secondsAsMs,
    title: z.string(),
    type: optionalText,
    subType: optionalText,
    routeId: textId.nullable().catch(null),
    distance: optionalNumber,
    signups: counts,
  })
  .transform(({ time, signups, ...event }) => ({ ...event, startsAt: time, listedSignups: signups }));

/** An event as the list tells it. `startsAt` is project ms; `listedSignups` counts all pens together. */
export type UpcomingEvent = z.output<typeof schema>;

export interface EventItem {
  readonly event: UpcomingEvent;
  /** Upstream's own words. */
  readonly raw: unknown;
}

export const readEvent = (raw: unknown): EventItem => ({ event: readAs(schema, raw), raw });

export const readEvents = (json: unknown): ReadItems<EventItem> =>
  readEach(readAs(z.array(z.unknown()), json), readEvent, ({ event }) => event.eventId);
