import '@hono/zod-openapi';
import { budgetShape } from '../core/budget.ts';
import { commandShape } from '../core/command.ts';
import { coordinationShape } from '../core/coordination.ts';
import { eventDetailShape, eventShape, signupShape } from '../core/event.ts';
import { freshnessShape } from '../core/freshness.ts';
import { resultShape, resultsStandingShape } from '../core/results.ts';
import { riderDetailShape, riderShape } from '../core/rider.ts';
import { runDetailShape, runShape } from '../core/run.ts';
import { listOf } from './params.ts';

// The shapes under the names by which the OpenAPI document refers to them.
export const Budget = budgetShape.openapi('Budget');
export const Command = commandShape.openapi('Command');
export const Coordination = coordinationShape.openapi('Coordination');
export const Event = eventShape.openapi('Event');
export const EventDetail = eventDetailShape.openapi('EventDetail');
export const Freshness = freshnessShape.openapi('Freshness');
export const Result = resultShape.openapi('Result');
export const Results = resultsStandingShape.extend(listOf(Result).shape).openapi('Results');
export const Rider = riderShape.openapi('Rider');
export const RiderDetail = riderDetailShape.openapi('RiderDetail');
export const Run = runShape.openapi('Run');
export const RunDetail = runDetailShape.openapi('RunDetail');
export const Signup = signupShape.openapi('Signup');
