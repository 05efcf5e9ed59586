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
        class: z.enum(classNames).describe('Starts within 15 minutes, within the hour, within two days'),
        goalSeconds: z.number().describe('How old a copy may be'),
        events: z.int().describe('Events of the class now'),
        ours: z.int().describe('Those with our riders in them'),
        within: z.int().describe('How many have a copy within the goal'),
        oursWithin: z.int(),
        lastDay: share.describe("The share of the last day's event time with a copy within the goal"),
        oursLastDay: share.describe('The same of events with our riders; null: there was none'),
      }),
    ),
    next: z
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
          because: z.enum(callReasons).describe('Why a call for it would be worth it'),
        }),
      )
      .describe('What is worth most first'),
  })
  .openapi('Freshness');
export type FreshnessView = z.infer<typeof freshnessShape>;

export const measuredView = ({ at, classes }: Pick<FreshnessReport, 'at' | 'classes'>) => ({
  at: iso(at),
  classes: classes.map(({ goalMs, ...each }) => ({ ...each, goalSeconds: goalMs / 1_000 })),
});

export const freshnessView = (report: FreshnessReport): FreshnessView => ({
  ...measuredView(report),
  next: report.next.map(({ startsAt, copiedAt, ...event }) => ({
    ...event,
    startsAt: iso(startsAt),
    signupsFetchedAt: isoOrNull(copiedAt),
    signupsAgeSeconds: copiedAt === null ? null : ageSeconds(copiedAt, report.at),
  })),
});
