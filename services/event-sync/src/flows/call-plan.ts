import { schedulesOf } from '@paceline/planning/slots';
import type { Policy } from '@paceline/shared/contracts';
import { type EventKind, eventKinds } from '@paceline/shared/definition';
import { nowMs } from '@paceline/shared/sync';
import { limitsOf } from '@paceline/shared/upstreams';
import { findCandidates } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { type CallPlan, createPlanner, type Situation } from '../core/call-plan/next-calls.ts';
import { planHorizon, slotsOf } from '../core/call-plan/moments.ts';
import type { TimeSpan } from '../core/classes.ts';
import type { TitledCandidate } from '../core/freshness.ts';
import { watchedKind } from '../core/urgent-watch.ts';

export interface PlanOptions {
  readonly permit: Situation['permit'];
  /** Events whose call failed. */
  readonly except?: ReadonlySet<string>;
  /** A slot that the schedule doesn't know, because its run was requested. */
  readonly slot?: TimeSpan;
}

export type Planner = (options: PlanOptions) => Promise<CallPlan<TitledCandidate>>;

/** Plans the next calls for signups from what is stored. */
export function openPlanner(sync: EventSync): Planner {
  const policy = latestPolicy(sync);
  const plan = createPlanner<TitledCandidate>(sync.rules, sync.definition.endpoints.signups.typicalMs);
  return async ({ permit, except, slot }) => {
    const now = sync.clock.now();
    const [events, { slots, isWatched }] = await Promise.all([
      findCandidates(sync.db, planHorizon(now)),
      findSlots(sync, now),
    ]);
    return plan({
      events: except ? events.filter(({ eventId }) => !except.has(eventId)) : events,
      policy: policy(now),
      slots: slot ? [...slots, slot] : slots,
      isWatched,
      now,
      permit,
    });
  };
}

/** The coming slots of the kinds that make calls now, and whether the urgent watch does. */
async function findSlots(
  { schedule, ...sync }: EventSync,
  now: number,
): Promise<{ slots: TimeSpan[]; isWatched: boolean }> {
  const modes = await Promise.all(eventKinds.map((kind) => schedule.modeOf(kind, nowMs(sync))));
  const isOn = (kind: string) => modes[eventKinds.indexOf(kind as EventKind)] === 'on';
  const { stored } = await schedule.find();
  const settings = stored?.periods.at(-1)?.settings;
  const schedules = settings ? schedulesOf(settings).filter(({ kind }) => isOn(kind)) : [];
  return { slots: slotsOf(schedules, now), isWatched: isOn(watchedKind) };
}

/** Project ms. */
const policyAgeMs = 60_000;

/** The limit for signups that the limiter last named; until then the documented one. */
function latestPolicy({ definition, limiter }: EventSync): (now: number) => Policy {
  let latest: Policy = limitsOf(definition.budgets, 'standard').signups;
  let askedAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now >= askedAt + policyAgeMs) {
      askedAt = now;
      void limiter.policyOf('signups').then(
        (policy) => (latest = policy),
        () => undefined,
      );
    }
    return latest;
  };
}
