import type { Budget, Part } from '@paceline/client';
import { activePauses, availability, isOfSync, limitText } from '@paceline/client/text';
import { addMaxWaitMs } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';

/** The answer to "Can I add a rider now?". */
export interface Answer {
  readonly can: 'yes' | 'no' | 'unknown';
  /** When the rider can be fetched, project ms; undefined: now, or unknown. */
  readonly at?: number;
  readonly reason: string;
}

/** A rider is fetched by whichever of these is possible first, by the first one if both are. */
const ways: readonly Budget['budget'][] = ['riders_single', 'riders_bulk'];
/** While one of these is down, no rider is fetched. */
const needed: readonly Part['part'][] = ['broker', 'database', 'limiter', 'rider-sync', 'upstream'];

/** @param known the last answers of the API; undefined: it did not give one. @param now project ms */
export function answerOf(
  known: { readonly budgets: readonly Budget[] | undefined; readonly parts: readonly Part[] | undefined },
  now: number,
): Answer {
  const down = known.parts?.find(({ part, state }) => state === 'down' && needed.includes(part));
  if (down) return { can: 'no', reason: [`${down.title}.`, down.advice].filter(Boolean).join(' ') };
  const [first] = ways
    .flatMap((way) => known.budgets?.find(({ budget }) => budget === way) ?? [])
    .map((budget) => ({ budget, at: possibleAt(budget, now) }))
    .toSorted((one, other) => one.at - other.at);
  if (!first) return { can: 'unknown', reason: 'The rate limits are not known.' };
  if (first.at > now) {
    const isTooLong = first.at - now > addMaxWaitMs;
    const advice = isTooLong
      ? `A request waits at most ${count(addMaxWaitMs / 60_000, 'minute')}, so add the rider then.`
      : 'Requested now, the rider is fetched then.';
    return { can: 'no', at: first.at, reason: `${reasonOf(first.budget, now)} ${advice}` };
  }
  const bulk = first.budget.budget === 'riders_bulk';
  return { can: 'yes', reason: bulk ? 'The next bulk call fetches the rider.' : callsLeft(first.budget) };
}

const callsLeft = ({ available, policy }: Budget) =>
  `${count(available, 'call')} available (limit ${limitText(policy)}).`;

const isAhead = ({ lane }: Budget['waiting']['requests'][number]) => !isOfSync(lane);

/** The earliest time of a call for one more rider: riders that wait already go first. */
function possibleAt(budget: Budget, now: number): number {
  const [pause] = activePauses(budget, now);
  const free = pause?.until ?? (budget.freeAt === null ? now : Date.parse(budget.freeAt));
  const ahead = budget.waiting.requests.filter(isAhead).map(({ estimatedAt }) => Date.parse(estimatedAt));
  return Math.max(now, free, ...ahead);
}

function reasonOf(budget: Budget, now: number): string {
  const { label } = budget;
  const { state, reason } = availability(budget, now);
  const ahead = budget.waiting.requests.filter(isAhead).length;
  const queue = ahead > 0 ? ` ${count(ahead, 'rider')} go first.` : '';
  if (state === 'closed') return `${label} is paused ${reason}.${queue}`;
  return `The limit of ${label}, ${limitText(budget.policy)}, is used.${queue}`;
}
