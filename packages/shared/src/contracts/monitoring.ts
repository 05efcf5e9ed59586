import { z } from 'zod';
import { classNames, type Source, sourceNames } from '../definition/index.ts';
import { timestamp } from './vocabulary.ts';

export const alertTypes = [
  'rate_limit_exceeded',
  'limit_learned',
  'journal_lost',
  'sync_conflict',
  'long_queue',
  'stale_data',
  'source_unavailable',
] as const;
export type AlertType = (typeof alertTypes)[number];

export const severities = ['error', 'warning'] as const;

/** An alert was raised, or is over. */
export const alertChanged = z.object({
  id: z.string().min(1),
  type: z.enum(alertTypes),
  severity: z.enum(severities),
  title: z.string(),
  why: z.string(),
  todo: z.string(),
  since: timestamp,
  raisedAt: timestamp,
  /** null: it goes on. */
  resolvedAt: timestamp.nullable(),
});
export type AlertChanged = z.infer<typeof alertChanged>;

/** A source of upstream is no longer available with our key, or available again. */
export const sourceChanged = z.object({
  source: z.enum(sourceNames),
  state: z.enum(['available', 'unavailable']),
  at: timestamp,
  /** The HTTP status, what was answered, and what may be done; null when it is available. */
  status: z.number().int().nullable(),
  message: z.string().nullable(),
  advice: z.string().nullable(),
});
export type SourceChanged = z.infer<typeof sourceChanged>;

/** The message about a source that our key may not use. */
export const sourceUnavailableMessage = (source: Source, message: string): string =>
  `The ${source} of upstream are not available with this key: ${message}`;

/** Why a call for an event's signups is made. */
export const callReasons = [
  'about_to_start',
  'never_fetched',
  'older_than_goal',
  'soon_older_than_goal',
  'signups_changed',
  'oldest_copy',
] as const;
export type CallReason = (typeof callReasons)[number];

/** 0 to 1; null: there was nothing to be fresh. */
const share = z.number().min(0).max(1).nullable();

/** How fresh the copies of a class's events are kept. */
export const classFreshness = z.object({
  class: z.enum(classNames),
  /** Project ms that a copy may be old. */
  goalMs: z.number().positive(),
  /** Events of the class now; those with our riders in them. */
  events: z.number().int(),
  ours: z.number().int(),
  /** How many of them have a copy within the goal. */
  within: z.number().int(),
  oursWithin: z.number().int(),
  /** The share of the last day's event time with a copy within the goal: of all events, of those with our riders. */
  lastDay: share,
  oursLastDay: share,
});
export type ClassFreshness = z.infer<typeof classFreshness>;

export const freshnessMeasured = z.object({ at: timestamp, classes: z.array(classFreshness) });
export type FreshnessMeasured = z.infer<typeof freshnessMeasured>;

/** An event as a call would choose it. */
export const rankedEvent = z.object({
  eventId: z.string(),
  title: z.string(),
  startsAt: timestamp,
  class: z.enum(classNames),
  ours: z.boolean(),
  copiedAt: timestamp.nullable(),
  withinGoal: z.boolean(),
  because: z.enum(callReasons),
});
export type RankedEvent = z.infer<typeof rankedEvent>;

/** And the events that calls would be made for next, what is worth most first. */
export const freshnessReport = freshnessMeasured.extend({ next: z.array(rankedEvent) });
export type FreshnessReport = z.infer<typeof freshnessReport>;

export const freshnessQuery = z.object({ next: z.number().int().min(0).max(500) });
