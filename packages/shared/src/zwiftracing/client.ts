import type { Permit } from '../limiter/index.ts';
import { type ApiCall, type CallSettings, createCall } from './call.ts';
import { WrongShape } from './errors.ts';
import {
  type EventItem,
  type EventResults,
  readEvent,
  readEvents,
  readResults,
  readSignups,
  type SignupItem,
} from './shapes/events.ts';
import type { Skipped } from './shapes/fields.ts';
import { type ClubPage, readClubPage, readRider, readRiders, type RiderItem } from './shapes/riders.ts';

export interface ZwiftRacingSettings extends CallSettings {
  /** Where the event source lives below the base URL; `:id` is replaced by the event's id. */
  readonly paths: { readonly events: string; readonly event: string; readonly signups: string };
}

/** Upstream's API. Every method is one call, needs a permit of its budget, and throws `UpstreamError`. */
export interface ZwiftRacing {
  /** A page of a club's riders with ids from `fromRiderId` (itself included) on, ascending. */
  getClub(permit: Permit<'clubs'>, clubId: number, fromRiderId?: number): Promise<ClubPage>;
  getRider(permit: Permit<'riders_single'>, riderId: number): Promise<RiderItem>;
  /** At most 1000 riders; those that upstream does not know are `missing`. */
  getRiders(permit: Permit<'riders_bulk'>, riderIds: readonly number[]): Promise<RidersAnswer>;
  /** The events of the next days, in no order. */
  getUpcomingEvents(permit: Permit<'events'>): Promise<EventsAnswer>;
  getEvent(permit: Permit<'events'>, eventId: string): Promise<EventItem>;
  /** Who is signed up now; a withdrawal is only an absence. */
  getSignups(permit: Permit<'signups'>, eventId: string): Promise<SignupsAnswer>;
  getResults(permit: Permit<'results'>, eventId: string): Promise<EventResults>;
  /** Any other call of the permit's budget: a path below the base URL, and what its JSON means. */
  readonly call: ApiCall;
}

export interface RidersAnswer {
  readonly riders: readonly RiderItem[];
  readonly missing: readonly number[];
  readonly skipped: readonly Skipped[];
}
export interface EventsAnswer {
  readonly events: readonly EventItem[];
  readonly skipped: readonly Skipped[];
}
export interface SignupsAnswer {
  readonly signups: readonly SignupItem[];
  readonly skipped: readonly Skipped[];
}

/** @throws {Error} when the key can't be sent in a header */
export function createZwiftRacing({ paths, ...settings }: ZwiftRacingSettings): ZwiftRacing {
  const call = createCall(settings);
  return {
    call,
    getClub(permit, clubId, fromRiderId) {
      const from = fromRiderId === undefined ? '' : `/${fromRiderId}`;
      return call(permit, { path: `/public/clubs/${clubId}${from}` }, (json) => {
        const page = readClubPage(json);
        return same(page, page.clubId, clubId);
      });
    },
    getRider: (permit, riderId) =>
      call(permit, { path: `/public/riders/${riderId}` }, (json) => {
        const item = readRider(json);
        return same(item, item.rider.riderId, riderId);
      }),
    getRiders: (permit, riderIds) =>
      call(permit, { path: '/public/riders', body: riderIds }, (json) => {
        const { items: riders, skipped } = readRiders(json);
        const answered = new Set([
          ...riders.map(({ rider }) => rider.riderId),
          ...skipped.map(({ id }) => Number(id)),
        ]);
        return { riders, skipped, missing: riderIds.filter((id) => !answered.has(id)) };
      }),
    getUpcomingEvents: (permit) =>
      call(permit, { path: paths.events }, (json) => {
        const { items: events, skipped } = readEvents(json);
        return { events, skipped };
      }),
    getEvent: (permit, eventId) =>
      call(permit, { path: pathOf(paths.event, eventId) }, (json) => {
        const item = readEvent(json);
        return same(item, item.event.eventId, eventId);
      }),
    getSignups: (permit, eventId) =>
      call(permit, { path: pathOf(paths.signups, eventId) }, (json) => {
        const { items: signups, skipped } = readSignups(json);
        return { signups, skipped };
      }),
    getResults: (permit, eventId) =>
      call(permit, { path: pathOf('/public/results/:id', eventId) }, (json) => {
        const results = readResults(json);
        return same(results, results.eventId, eventId);
      }),
  };
}

const pathOf = (template: string, id: string) => template.replace(':id', () => encodeURIComponent(id));

/** An answer about something other than the request must never be stored as its answer. */
function same<T, Id>(answer: T, id: Id, requested: Id): T {
  if (id !== requested) throw new WrongShape(`asked for ${String(requested)}, it is about ${String(id)}`);
  return answer;
}
