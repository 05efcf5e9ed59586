export {
  createZwiftRacing,
  type EventsAnswer,
  type RidersAnswer,
  type SignupsAnswer,
  type ZwiftRacing,
  type ZwiftRacingSettings,
} from './client.ts';
export { isPage, readRateLimited, UpstreamError, type UpstreamErrorCode, WrongShape } from './errors.ts';
export { type ClubPage, fullPage } from './shapes/riders.ts';
export type { EventItem, UpcomingEvent } from './shapes/events.ts';
export { riderIdsOf, type Skipped } from './shapes/fields.ts';
export type { EventResults, Result, ResultItem } from './shapes/events.ts';
export type { Rider, RiderItem } from './shapes/riders.ts';
export type { Signup, SignupItem } from './shapes/events.ts';
