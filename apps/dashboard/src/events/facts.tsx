import type { Event } from '@paceline/client';
import { duration, isFetchedForStart, isPlanned, planText } from '@paceline/client/text';
import { classOf, eventKindOf, kinds } from '@paceline/shared/definition';
import { reads, useRead } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Age, Countdown } from '../parts/time.tsx';
import { lastDayText } from './layout.ts';

/** `38 signed up +5, −1 in 24 h` */
export function SignupCount({ event: { signups } }: { event: Event }) {
  const { current, listed, lastDay } = signups;
  return (
    <>
      {current ?? listed} signed up <span className="hint">{lastDayText(lastDay)}</span>
    </>
  );
}

/** How old the copy of an event's signups is, against its goal. */
export function CopyAge({ event: { signupsFetchedAt, freshness } }: { event: Event }) {
  const { goalSeconds, withinGoal } = freshness;
  if (signupsFetchedAt === null) return 'Not fetched yet';
  return (
    <>
      Fetched <Age at={signupsFetchedAt} />
      {goalSeconds !== null && (
        <span className={withinGoal === false ? 'wrong' : undefined}>
          , {withinGoal === false ? 'over the goal of' : 'goal'} {duration(goalSeconds * 1_000)}
        </span>
      )}
    </>
  );
}

/** When the signups of an event in a list are fetched next; nothing while it is too far away. */
export function RefreshHint({ freshness }: Pick<Event, 'freshness'>) {
  const { class: name, nextRefreshAt: at } = freshness;
  const isDue = Date.parse(at ?? '') <= useNow(second);
  if (isFetchedForStart(freshness)) return 'Fresh enough for the start';
  if (at === null) return name === null ? null : 'Next refresh unknown or not planned';
  return isDue ? (
    'Refreshing soon'
  ) : (
    <>
      Next refresh <Countdown at={at} />
    </>
  );
}

/** When the signups of an event that has not started are fetched next, and why then. */
export function NextRefresh({ event }: { event: Event }) {
  const { startsAt, delistedAt, freshness } = event;
  const { class: name, nextRefreshAt } = freshness;
  const now = useNow(second);
  const { data: plan } = useRead(reads.freshness);
  const call = plan?.nextCalls.find(({ eventId }) => eventId === event.eventId);
  if (delistedAt !== null) return 'none, because the event is no longer listed';
  if (name === null) return 'from two days before the start';
  if (call)
    return (
      <>
        {isPlanned(call) && (
          <>
            <Countdown at={call.plannedAt} />,{' '}
          </>
        )}
        {planText(call, now)}
      </>
    );
  if (isFetchedForStart(freshness)) return 'none: they are fresh enough for the start';
  if (nextRefreshAt === null) return 'unknown or not planned';
  const at = Date.parse(nextRefreshAt);
  if (at <= now) return 'now, before all other calls, because it is about to start';
  const start = Date.parse(startsAt);
  const kind = classOf(start, at) === 'urgent' ? undefined : eventKindOf(start, at);
  return (
    <>
      <Countdown at={nextRefreshAt} />
      {kind && `, in a slot of the ${kinds[kind].label}`}
    </>
  );
}
