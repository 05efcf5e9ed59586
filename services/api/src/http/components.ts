import '@hono/zod-openapi';
import { conflictShape } from '../core/conflict.ts';
import { permitShape } from '../core/permit.ts';
import { queueShape } from '../core/queue.ts';
import type { z } from 'zod';
import { alertShape } from '../core/alert.ts';
import { budgetShape } from '../core/budget.ts';
import { clockShape } from '../core/clock.ts';
import { commandShape } from '../core/command.ts';
import { commandRiderShape } from '../core/command-rider.ts';
import { coordinationShape } from '../core/coordination.ts';
import { eventDetailShape, eventShape, signupShape } from '../core/event.ts';
import { freshnessShape } from '../core/freshness.ts';
import { forecastShape, judgedShape } from '../core/judged.ts';
import { resultShape, resultsStandingShape } from '../core/results.ts';
import { riderDetailShape, riderShape } from '../core/rider.ts';
import { askedRunShape, runDetailShape, runShape } from '../core/run.ts';
import { scheduleShape } from '../core/schedule.ts';
import { sourceShape } from '../core/source.ts';
import { listOf } from './params.ts';

/** The copy knows `openapi`, also of a shape that was made before that was added to them all. */
const named = <S extends z.ZodType>(name: string, shape: S): S => shape.clone().openapi(name);

// The shapes under the names by which the OpenAPI document refers to them.
export const Alert = named('Alert', alertShape);
export const AskedRun = named('AskedRun', askedRunShape);
export const Budget = named('Budget', budgetShape);
export const Clock = named('Clock', clockShape);
export const Command = named('Command', commandShape);
export const CommandRider = named('CommandRider', commandRiderShape);
export const Conflict = named('Conflict', conflictShape);
export const Coordination = named('Coordination', coordinationShape);
export const Event = named('Event', eventShape);
export const EventDetail = named('EventDetail', eventDetailShape);
export const Forecast = named('Forecast', forecastShape);
export const Freshness = named('Freshness', freshnessShape);
export const JudgedSchedule = named('JudgedSchedule', judgedShape);
export const Permit = named('Permit', permitShape);
export const Queue = named('Queue', queueShape);
export const Result = named('Result', resultShape);
export const Results = named('Results', resultsStandingShape.extend(listOf(Result).shape));
export const Rider = named('Rider', riderShape);
export const RiderDetail = named('RiderDetail', riderDetailShape);
export const Run = named('Run', runShape);
export const RunDetail = named('RunDetail', runDetailShape);
export const Schedule = named('Schedule', scheduleShape);
export const Signup = named('Signup', signupShape);
export const Source = named('Source', sourceShape);
