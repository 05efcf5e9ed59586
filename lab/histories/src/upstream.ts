import type { Outcome, Policy } from '@paceline/shared/contracts';
import type { Agenda } from './agenda.ts';

/** What upstream does with a call by itself: it also knows callers that we do not know of. */
export type Mood = 'lets in' | 'rejects' | 'rejects, and names the moment';

/** Counts by an exact log of what arrived, and says what it enforces once that is not what it documents. */
export interface Upstream {
  /** When each call arrived, by its permit. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** A call is on its way; `answer` is called when it has arrived. */
  send(permit: string, arrivesIn: number, mood: Mood, answer: (outcome: Outcome) => void): void;
  /** From now on another policy is enforced. */
  change(policy: Policy): void;
}

export function createUpstream(agenda: Agenda, documented: Policy): Upstream {
  const arrivals = new Map<string, number>();
  let policy = documented;

  function judge(mood: Mood): Outcome {
    const learned = policy === documented ? {} : { learned: policy };
    const now = agenda.now();
    const inWindow = [...arrivals.values()].filter((at) => at > now - policy.windowMs);
    if (mood === 'lets in' && inWindow.length <= policy.limit)
      return { result: 'answered', status: 200, ...learned };
    const opensAt = (inWindow.at(-policy.limit) ?? now) + policy.windowMs;
    const named = mood === 'rejects' ? {} : { retryAfterMs: opensAt - now };
    return { result: 'answered', status: 429, ...named, ...learned };
  }

  return {
    arrivals,
    send(permit, arrivesIn, mood, answer) {
      agenda.in(arrivesIn, () => {
        if (arrivals.has(permit)) throw new Error(`${permit} was used twice`);
        arrivals.set(permit, agenda.now());
        answer(judge(mood));
      });
    },
    change(next) {
      policy = next;
    },
  };
}
