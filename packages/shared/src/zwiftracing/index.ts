export {
  createZwiftRacing,
  type EventsAnswer,
  type RidersAnswer,
  type SignupsAnswer,
  type ZwiftRacing,
  type ZwiftRacingSettings,
} from './client.ts';
export { isPage, readRateLimited, UpstreamError, type UpstreamErrorCode, WrongShape } from './errors.ts';
export type {
  EventItem,
  EventResults,
  Result,
  ResultItem,
  Signup,
  SignupItem,
  UpcomingEvent,
} from './shapes/events.ts';
export { riderIdsOf, type Skipped } from './shapes/fields.ts';
export { type ClubPage, fullPage, type Rider, type RiderItem } from './shapes/riders.ts';
