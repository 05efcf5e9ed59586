import { z } from 'zod';
import { classNames, type SourceName, sourceNames } from '../definition/index.ts';
import { timestamp } from './vocabulary.ts';

export const alertTypes = [
  'part_down',
  'rate_limit_exceeded',
  'limit_learned',
  'foreign_use',
  'journal_lost',
  'sync_conflict',
  'long_queue',
  'stale_data',
  'doubted_data',
  'source_unavailable',
] as const;
export type AlertType = (typeof alertTypes)[number];

export const severities = ['error', 'warning'] as const;

/** A process of a service is running. Sent every second of real time. */
export const presence = z.object({
  /** Different for every process. */
  process: z.string().min(1),
  /** Its failing readiness checks with their reasons; empty: it is ready. */
  failing: z.array(z.object({ check: z.string(), reason: z.string() })),
  /** It is shutting down and takes no new work. */
  leaving: z.boolean(),
});
export type Presence = z.infer<typeof presence>;

/** An alert was raised or resolved. */
export const alertChanged = z.object({
  id: z.string().min(1),
  type: z.enum(alertTypes),
  severity: z.enum(severities),
  title: z.string(),
  why: z.string(),
  todo: z.string(),
  since: timestamp,
  raisedAt: timestamp,
  /** null: still open. */
  resolvedAt: timestamp.nullable(),
});
export type AlertChanged = z.infer<typeof alertChanged>;

/** A source became unavailable with our key, or available again. */
export const sourceChanged = z.object({
  source: z.enum(sourceNames),
  state: z.enum(['available', 'unavailable']),
  at: timestamp,
  /** The HTTP status, the response and what to do about it; null when the source is available. */
  status: z.number().int().nullable(),
  message: z.string().nullable(),
  advice: z.string().nullable(),
});
export type SourceChanged = z.infer<typeof sourceChanged>;

/** The message about a source that cannot be used. */
export const sourceUnavailableMessage = (source: SourceName, message: string): string =>
  `ZwiftRacing ${source} are not available: ${message}`;

/** Why an event's signups are fetched, or wait: `others_gain_more`. */
export const callReasons = [
  'about_to_start',
  'never_fetched',
  'older_than_goal',
  'soon_older_than_goal',
  'others_gain_more',
] as const;
export type CallReason = (typeof callReasons)[number];

/** 0 to 1; null when there were no events. */
const share = z.number().min(0).max(1).nullable();

/** How fresh the signups of a class's events are. */
export const classFreshness = z.object({
  class: z.enum(classNames),
  /** Max age of a copy, project ms. */
  goalMs: z.number().positive(),
  /** Events in the class now; `ours` have riders of our clubs. */
  events: z.number().int(),
  ours: z.number().int(),
  /** How many of them meet the goal. */
  within: z.number().int(),
  oursWithin: z.number().int(),
  /** The share of event time in the last day that met the goal: for all events, and for ours. */
  lastDay: share,
  oursLastDay: share,
});
export type ClassFreshness = z.infer<typeof classFreshness>;

export const freshnessMeasured = z.object({ at: timestamp, classes: z.array(classFreshness) });
export type FreshnessMeasured = z.infer<typeof freshnessMeasured>;

/** Null too when event-sync is of a version without a plan. */
const plannedTime = timestamp.nullable().default(null);

/** A planned call for an event, or an event that waits without one. */
export const rankedEvent = z.object({
  eventId: z.string(),
  title: z.string(),
  startsAt: timestamp,
  class: z.enum(classNames),
  ours: z.boolean(),
  copiedAt: timestamp.nullable(),
  withinGoal: z.boolean(),
  because: z.enum(callReasons),
  /** When the plan has a call for it; null: it waits, and the calls of the next hour gain more elsewhere. */
  plannedAt: plannedTime,
  /** Until when the copy of that call stays within its goals, at most until the start; null without a call. */
  freshUntil: plannedTime,
});
export type RankedEvent = z.infer<typeof rankedEvent>;

/** With the planned calls in order, and then the events with a copy older than its goal that wait without one. */
export const freshnessReport = freshnessMeasured.extend({ next: z.array(rankedEvent) });
export type FreshnessReport = z.infer<typeof freshnessReport>;

export const freshnessQuery = z.object({ next: z.number().int().min(0).max(500) });
