export {
  createZwiftRacing,
  type EventsAnswer,
  type RidersAnswer,
  type SignupsAnswer,
  type ZwiftRacing,
  type ZwiftRacingSettings,
} from './client.ts';
export { UpstreamError, type UpstreamErrorCode } from './errors.ts';
export { readRateLimited } from './rate-limited.ts';
export { type ClubPage, fullPage } from './shapes/club.ts';
export type { EventItem, UpcomingEvent } from './shapes/event.ts';
export { riderIdsOf, type Skipped } from './shapes/read.ts';
export type { EventResults, Result, ResultItem } from './shapes/results.ts';
export type { Rider, RiderItem } from './shapes/rider.ts';
export type { Signup, SignupItem } from './shapes/signups.ts';
export { isPage } from './status.ts';
