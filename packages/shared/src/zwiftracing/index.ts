export {
  createZwiftRacing,
  type EventsAnswer,
  type RidersAnswer,
  type SignupsAnswer,
  type ZwiftRacing,
  type ZwiftRacingSettings,
} from './client.ts';
export { isPage, readRateLimited, UpstreamError, type UpstreamErrorCode, WrongShape } from './errors.ts';
export {
  type ClubPage,
  type EventItem,
  type EventResults,
  fullPage,
  type ResultItem,
  type Rider,
  type RiderItem,
  riderIdsOf,
  type Signup,
  type SignupItem,
  type Skipped,
  type UpcomingEvent,
} from './shapes.ts';
