import { type EventKind, type FreshnessClass, kinds } from '@paceline/shared/definition';
import type { EventRun, Selection } from '../event-run.ts';
import type { CallPlan } from './next-calls.ts';
import type { PlannedCall } from './plan.ts';

/** The kind that makes the calls of a class. */
const kindOf = (name: FreshnessClass): EventKind => (name === 'far' ? 'far' : 'near');

/** Project ms that a slot's run leaves the watch to take a moment that is planned for an urgent event. */
const watchTakesMs = 5_000;

/**
 * What a slot's run does next: the slot says when, the plan says for what. The urgent watch requests the urgent calls, but
 * with a permit, or when the watch has not come, the run makes whichever call is best.
 */
export function chooseInSlot(
  kind: EventKind,
  { now, permit, calls }: CallPlan,
  { leftToWatch, endsAt }: Pick<EventRun, 'leftToWatch' | 'endsAt'>,
): Selection {
  const own = new Set(
    calls.filter((call) => kindOf(call.class) === kind && call.at < endsAt).map(({ event }) => event.eventId),
  );
  const left = own.size;
  const [first] = calls;
  if (!first) return { best: undefined, left };
  if (first.at > now) return { best: undefined, left, next: first.at };
  const { event, because, freshUntil } = first;
  const { eventId } = event;
  if (first.class === 'urgent' && permit === 'before' && eventId !== leftToWatch)
    return { best: undefined, left, next: now + watchTakesMs, leftToWatch: eventId };
  const by = kindOf(first.class);
  const best = { eventId, lane: kinds[by].lane, because, freshUntil, isOwn: by === kind };
  return { best, left };
}

/** The next call if it is the watch's, and when the next urgent call is planned; project ms. */
export function chooseUrgent({ now, permit, calls }: CallPlan): {
  readonly call: PlannedCall | undefined;
  readonly next: number;
} {
  const [first] = calls;
  const isItsOwn = first?.class === 'urgent' || (first?.class === 'near' && permit === 'held');
  const next = calls.find((call) => call.class === 'urgent')?.at ?? Infinity;
  return { call: isItsOwn && first.at <= now ? first : undefined, next };
}
