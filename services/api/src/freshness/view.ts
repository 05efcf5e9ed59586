import { z } from '@hono/zod-openapi';
import { classNames } from '@paceline/shared/definition';
import { callReasons, type FreshnessReport } from '@paceline/shared/contracts';
import { ageSeconds, iso, isoOrNull, time } from '../http/view.ts';

const share = z.number().min(0).max(1).nullable();

export const freshnessShape = z
  .object({
    at: time,
    classes: z.array(
      z.object({
        class: z
          .enum(classNames)
          .describe('urgent: starts within 15 min; near: within 60 min; far: within 48 h'),
        goalSeconds: z.number().describe('Freshness goal: max age of the signups'),
        events: z.int().describe('Number of events in the class'),
        ours: z.int().describe('Events with our riders'),
        within: z.int().describe('Events within the goal'),
        oursWithin: z.int().describe('Events with our riders within the goal'),
        lastDay: share.describe(
          'Share of event time within the goal over the last 24 hours; null: no events',
        ),
        oursLastDay: share.describe('The same for events with our riders'),
      }),
    ),
    nextCalls: z
      .array(
        z.object({
          eventId: z.string(),
          title: z.string(),
          startsAt: time,
          class: z.enum(classNames),
          ours: z.boolean(),
          signupsFetchedAt: time.nullable(),
          signupsAgeSeconds: z.int().nullable(),
          withinGoal: z.boolean(),
          reason: z.enum(callReasons).describe('Why it is worth fetching; others_gain_more: why it waits'),
          plannedAt: time
            .nullable()
            .describe('When its signups are fetched; null: not in the next hour, as others gain more'),
          freshUntil: time
            .nullable()
            .describe('Until when that copy meets its goals, at most until the start; null without a call'),
        }),
      )
      .describe(
        'Planned calls in order, an event once per call; then events that wait without one though their signups are older than the goal',
      ),
  })
  .openapi('Freshness');
export type FreshnessView = z.infer<typeof freshnessShape>;

export const measuredView = ({ at, classes }: Pick<FreshnessReport, 'at' | 'classes'>) => ({
  at: iso(at),
  classes: classes.map(({ goalMs, ...each }) => ({ ...each, goalSeconds: goalMs / 1_000 })),
});

export const freshnessView = (report: FreshnessReport): FreshnessView => ({
  ...measuredView(report),
  nextCalls: report.next.map(({ startsAt, copiedAt, because: reason, plannedAt, freshUntil, ...event }) => ({
    ...event,
    reason,
    startsAt: iso(startsAt),
    plannedAt: isoOrNull(plannedAt),
    freshUntil: isoOrNull(freshUntil),
    signupsFetchedAt: isoOrNull(copiedAt),
    signupsAgeSeconds: copiedAt === null ? null : ageSeconds(copiedAt, report.at),
  })),
});
