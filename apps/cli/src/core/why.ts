import {
  type Budget,
  type BudgetName,
  type Command,
  type EventDetail,
  type Freshness,
  type Health,
  laneOf,
  type Queue,
  type RunDetail,
} from '@paceline/client';
import type { ResponseOf, Schedule, SyncKind } from '@paceline/client';
import {
  activePauses,
  availability,
  budgetLabel,
  dayAndTime,
  describeCommand,
  duration,
  elapsed,
  fetchedText,
  agoText,
  fromNow,
  untilText,
  isFinished,
  outcome,
  policyText,
  refreshText,
  sentenceCase,
  timeNear,
  timeRange,
} from '@paceline/client/text';
import { freshnessClasses, kinds } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { downParts } from './health.ts';
import { type TextStyle, table, wrap } from './look.ts';

/** Why something waits, in a sentence, and the facts behind it. */
export interface Explanation {
  readonly text: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** What the system looks like now; undefined or empty while the part that knows it is down. */
export interface Surroundings {
  readonly budgets: readonly Budget[];
  readonly queue: Queue | undefined;
  readonly health: Health;
  readonly schedule: Schedule | undefined;
  readonly sources: ResponseOf<'GET /v1/sources'>['items'];
}

export const explanationLines = ({ text, facts }: Explanation, look: TextStyle): string[] => [
  ...wrap(text, look.width),
  '',
  ...table(
    [],
    Object.entries(facts).map(([name, fact]) => [{ text: name, paint: look.paint.muted }, fact]),
    look,
  ),
];

/** Only what is known. */
const factsOf = (facts: Readonly<Record<string, string | null | undefined>>): Explanation['facts'] =>
  Object.fromEntries(
    Object.entries(facts).filter(
      (fact): fact is [string, string] => fact[1] !== null && fact[1] !== undefined,
    ),
  );

export function explainCommand(command: Command, around: Surroundings, now: number): Explanation {
  const { requestedAt, finishedAt, estimatedAt, riders, via, type } = command;
  const text = `${sentenceCase(describeCommand(command, now))}.`;
  const requested = `${timeNear(requestedAt, now)} (${agoText(requestedAt, now)})`;
  if (isFinished(command)) {
    const took = finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(requestedAt);
    return {
      text,
      facts: factsOf({
        requested,
        finished: finishedAt && dayAndTime(finishedAt),
        took: took === null ? null : duration(took),
      }),
    };
  }
  const budget = type === 'import-riders' || via === 'bulk' ? 'riders_bulk' : 'riders_single';
  return {
    text,
    facts: factsOf({
      requested,
      expected: estimatedAt && `${timeNear(estimatedAt, now)} (${fromNow(estimatedAt, now)})`,
      'fetched by': via && (via === 'bulk' ? 'the next bulk call' : 'a call of its own'),
      riders: riders && `${riders.done} added, ${riders.failed} failed, ${riders.waiting} remaining`,
      ahead: aheadOf(command, budget, around.queue),
      ...budgetFacts(budget, around, now),
      ...troubles(['limiter', 'rider-sync', 'upstream', 'broker', 'database'], around),
    }),
  };
}

/** `2 requests: add rider, near sync` */
function aheadOf({ position }: Command, budget: BudgetName, queue: Queue | undefined): string | null {
  if (position === null) return null;
  const { requests = [] } = queue?.budgets.find((each) => each.budget === budget) ?? {};
  const ahead = requests.filter((each) => each.position < position).map(({ lane }) => laneOf(lane).label);
  if (position === 1) return 'nothing';
  return `${count(position - 1, 'request')}${ahead.length > 0 ? `: ${[...new Set(ahead)].join(', ')}` : ''}`;
}

function budgetFacts(
  name: BudgetName,
  { budgets }: Surroundings,
  now: number,
): Record<string, string | null> {
  const budget = budgets.find((each) => each.budget === name);
  if (!budget) return {};
  const { text, reason } = availability(budget, now);
  const [pause] = activePauses(budget, now);
  return {
    'rate limit': `${budget.label}, ${policyText(budget, now)}`,
    calls: [text, reason].filter(Boolean).join(' '),
    'to resume':
      pause === undefined || pause.by === 'unknown'
        ? null
        : `paceline resume ${name}${pause.by === 'upstream' ? ' --by=upstream' : ''}`,
  };
}

/** Parts that are down, by name, with what to do. */
const troubles = (parts: ReadonlyArray<Health['parts'][number]['part']>, { health }: Surroundings) =>
  Object.fromEntries(
    downParts(health)
      .filter(({ part }) => parts.includes(part))
      .map(({ part, title, since, advice }) => [
        part,
        `${title}${since === null ? '' : ` since ${dayAndTime(since)}`}. ${advice ?? ''}`.trim(),
      ]),
  );

/** @param next its first call of the plan, or why it has none; undefined when its signups need none soon */
export function explainEvent(
  event: EventDetail,
  next: Freshness['nextCalls'][number] | undefined,
  around: Surroundings,
  now: number,
): Explanation {
  const { class: name, goalSeconds, nextRefreshAt } = event.freshness;
  const kind = name === 'far' ? 'far' : 'near';
  const source = around.sources.find((each) => each.source === 'signups' && each.state === 'unavailable');
  return {
    text: `${event.title}: ${refreshText(event, now, next)}`,
    facts: factsOf({
      starts: `${dayAndTime(event.startsAt)} (${fromNow(event.startsAt, now)})`,
      class: name === null ? 'none' : freshnessClasses[name].label,
      goal: goalSeconds === null ? null : `at most ${duration(goalSeconds * 1_000)} old`,
      signups: event.signupsFetchedAt === null ? 'not fetched yet' : fetchedText(event.signupsFetchedAt, now),
      'our riders': String(event.ours),
      'next refresh': nextRefreshAt && `${timeNear(nextRefreshAt, now)} (${untilText(nextRefreshAt, now)})`,
      ...(name === null
        ? {}
        : { ...syncFact(kind, around.schedule, now), ...budgetFacts('signups', around, now) }),
      source: source && `signups unavailable: ${source.reason ?? ''}`,
      ...troubles(['event-sync', 'limiter', 'scheduler', 'upstream', 'broker', 'database'], around),
    }),
  };
}

/** Whether a sync runs, and the slot that opens next. */
function syncFact(kind: SyncKind, schedule: Schedule | undefined, now: number) {
  if (!schedule) return {};
  const { kinds: settings, nextSlots, pausedUntil } = schedule;
  const { mode } = settings[kind];
  const [slot] = nextSlots[kind];
  const paused = pausedUntil[kind];
  const state = mode !== 'on' ? mode : paused === null ? 'on' : `paused until ${timeNear(paused, now)}`;
  const opens = slot === undefined ? '' : `, next slot ${timeNear(slot.opensAt, now)}`;
  return { [kinds[kind].label]: `${state}${opens}` };
}

export function explainRun(run: RunDetail, around: Surroundings, now: number): Explanation {
  const { kind, state, startedAt, slot, counts, waitingFor } = run;
  const ending = state === 'running' ? 'runs' : state.replace('_', ' ');
  const deferred =
    counts.deferred > 0
      ? ` ${sentenceCase(count(counts.deferred, kinds[kind].thing))} deferred: no call was available before the slot closed.`
      : '';
  return {
    text: `${sentenceCase(kinds[kind].label)} ${ending}: ${outcome(run)}.${deferred}`,
    facts: factsOf({
      started: `${dayAndTime(startedAt)} (${agoText(startedAt, now)})`,
      took: elapsed(run, now),
      slot: timeRange(slot.opensAt, slot.closesAt),
      'waits for': waitingFor && `${budgetLabel(waitingFor.budget)} until ${timeNear(waitingFor.until, now)}`,
      ...(state === 'running' ? budgetFacts(waitingFor?.budget ?? kinds[kind].budget, around, now) : {}),
      ...(state === 'running' ? troubles(['limiter', 'upstream', 'broker', 'database'], around) : {}),
    }),
  };
}
