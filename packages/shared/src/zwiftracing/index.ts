export {
  createZwiftRacing,
  type EventsResponse,
  type RidersResponse,
  type SignupsResponse,
  type ZwiftRacing,
  type ZwiftRacingSettings,
} from './client.ts';
export { isTemporary, type UpstreamErrorCode } from '../upstreams/answers.ts';
export { UnexpectedShape } from './errors.ts';
export { UpstreamError } from '../upstreams/errors.ts';
export {
  type ClubPage,
  type EventItem,
  type EventResults,
  fullPageSize,
  type ResultItem,
  type UpstreamRider,
  type RiderItem,
  riderIdsOf,
  type UpstreamSignup,
  type SignupItem,
  type SkippedItem,
  type UpcomingEvent,
} from './shapes.ts';
