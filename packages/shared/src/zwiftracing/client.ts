import type { Permit } from '../limiter/index.ts';
import { type CallSettings, createCall } from './call.ts';
import { UnexpectedShape } from './errors.ts';
import {
  readClubPage,
  readEvents,
  readResults,
  readRider,
  readRiders,
  readSignups,
  requireContent,
} from './shapes.ts';

export interface ZwiftRacingSettings extends CallSettings {
  /** Paths of the event endpoints below the base URL; `:id` is replaced by the event's id. */
  readonly paths: { readonly events: string; readonly signups: string };
}

export type ZwiftRacing = ReturnType<typeof createZwiftRacing>;
export type RidersResponse = Awaited<ReturnType<ZwiftRacing['getRiders']>>;
export type EventsResponse = Awaited<ReturnType<ZwiftRacing['getUpcomingEvents']>>;
export type SignupsResponse = Awaited<ReturnType<ZwiftRacing['getSignups']>>;

/**
 * Upstream's API. Every method is one call, needs a permit of its budget, and throws `UpstreamError`.
 * @throws {Error} when the key can't be sent in a header
 */
export function createZwiftRacing({ paths, ...settings }: ZwiftRacingSettings) {
  const call = createCall(settings);
  return {
    /** Any other call of the permit's budget: a path below the base URL, and a parser for its JSON. */
    call,
    /** A page of a club's riders in ascending order, starting at `fromRiderId`, inclusive. */
    getClub(permit: Permit<'clubs'>, clubId: number, fromRiderId?: number) {
      const from = fromRiderId === undefined ? '' : `/${fromRiderId}`;
      return call(permit, { path: `/public/clubs/${clubId}${from}` }, (json) => {
        const page = readClubPage(requireContent(json, `club ${clubId}`));
        return checkId(page, page.clubId, clubId);
      });
    },
    getRider: (permit: Permit<'riders_single'>, riderId: number) =>
      call(permit, { path: `/public/riders/${riderId}` }, (json) => {
        const item = readRider(requireContent(json, `rider ${riderId}`));
        return checkId(item, item.rider.riderId, riderId);
      }),
    /** Max 1000 riders; `missing` has the ids that upstream doesn't know. */
    getRiders: (permit: Permit<'riders_bulk'>, riderIds: readonly number[]) =>
      call(permit, { path: '/public/riders', body: riderIds }, (json) => {
        const { items: riders, skipped } = readRiders(requireContent(json, 'riders'));
        const read = riders.map(({ rider }) => rider.riderId);
        const answered = new Set([...read, ...skipped.map(({ id }) => Number(id))]);
        return { riders, skipped, missing: riderIds.filter((id) => !answered.has(id)) };
      }),
    /** The events of the next days, unordered. */
    getUpcomingEvents: (permit: Permit<'events'>) =>
      call(permit, { path: paths.events }, (json) => {
        const { items: events, skipped } = readEvents(requireContent(json, 'events'));
        return { events, skipped };
      }),
    /** The current signups. Withdrawn riders are just missing. */
    getSignups: (permit: Permit<'signups'>, eventId: string) =>
      call(permit, { path: pathOf(paths.signups, eventId) }, (json) => {
        const { items: signups, skipped } = readSignups(requireContent(json, 'signups'));
        return { signups, skipped };
      }),
    getResults: (permit: Permit<'results'>, eventId: string) =>
      call(permit, { path: pathOf('/public/results/:id', eventId) }, (json) => {
        const results = readResults(requireContent(json, `results of event ${eventId}`));
        return checkId(results, results.eventId, eventId);
      }),
  };
}

const pathOf = (template: string, id: string) => template.replace(':id', () => encodeURIComponent(id));

/** Guards against storing a response about something else. */
function checkId<T, Id>(response: T, id: Id, requested: Id): T {
  if (id !== requested) throw new UnexpectedShape(`requested ${String(requested)}, got ${String(id)}`);
  return response;
}
