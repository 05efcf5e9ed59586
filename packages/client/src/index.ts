import type { JudgedSchedule } from './generated.ts';

export type * from './generated.ts';
export { streamTypes } from './generated.ts';
export {
  type Answer,
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
export { ApiProblem, isPassing, messageAt, Unreachable, wordsOf } from './problem.ts';
export { follow, openStream, type StreamEvent, type StreamType } from './stream.ts';

export type ScheduleSettings = JudgedSchedule['settings'];
