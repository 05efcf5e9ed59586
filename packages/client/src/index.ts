import type { ScheduleCheck } from './generated.ts';
import type { InputOf } from './operations.ts';

export type * from './generated.ts';
export { queryValues, streamTypes } from './generated.ts';
export type {
  BudgetName,
  FreshnessClass,
  InputOf,
  OperationName,
  ResponseOf,
  SourceName,
  SyncKind,
} from './operations.ts';
export {
  ApiProblem,
  isPermanent,
  isTemporary,
  fieldError,
  Unreachable,
  errorText,
  type Api,
  type ClientOptions,
  type ArgumentsOf,
  createApi,
  newIdempotencyKey,
  pathOf,
} from './api.ts';
export { type ClockReading, projectTime, readClock } from './clock.ts';
export { kindColor, laneColor, terminalColors } from './colors.ts';
export { fullLabel, inOrder, laneOf, learnUpstreams, upstreamLabel } from './names.ts';
export {
  type ConnectionWatcher,
  follow,
  followCommand,
  openStream,
  type StreamEvent,
  type StreamType,
} from './stream.ts';

export type ScheduleSettings = ScheduleCheck['settings'];
/** A partial change of the schedule; omitted settings stay unchanged. */
export type ScheduleEdit = Omit<InputOf<'PUT /v1/schedule'>['body'], 'despiteErrors'>;
