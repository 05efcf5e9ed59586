import type { Input } from './api.ts';
import type { JudgedSchedule } from './generated.ts';

export type * from './generated.ts';
export { streamTypes } from './generated.ts';
export {
  type Answer,
  ApiProblem,
  isPassing,
  messageAt,
  Unreachable,
  wordsOf,
  type Api,
  type ApiSettings,
  type Arguments,
  createApi,
  type Input,
  newKey,
  type Operation,
  pathOf,
} from './api.ts';
export { type ClockReading, projectTime, readClock } from './clock.ts';
export { kindColour, laneColour, terminalColours } from './colours.ts';
export { follow, openStream, type StreamEvent, type StreamType } from './stream.ts';

export type ScheduleSettings = JudgedSchedule['settings'];
/** A change of the schedule: what is not named stays as it is. */
export type ScheduleEdit = Omit<Input<'PUT /v1/schedule'>['body'], 'despiteErrors'>;
