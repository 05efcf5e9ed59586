import { createVirtualClock } from '@paceline/shared/clock';
import type { Answer, AskOf, Budget, Fact, Outcome } from '@paceline/shared/contracts';
import { createLedger, type Ledger } from './budget.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import { defaultSettings } from './default-settings.ts';
import { restore } from './restore.ts';
import type { Settings } from './settings.ts';

export const settings: Settings = defaultSettings('standard', createVirtualClock());
const account = 'team';

/** A limiter without I/O: its ledger, the facts that its journal would hold, and a clock that the test moves. */
export function createDesk(endpoint: Budget, using: Settings = settings) {
  let ledger: Ledger = createLedger(1);
  let epoch = 1;
  let now = 1_000_000_000;
  const facts: Fact[] = [];
  const take = (decision: Decision): Decision => {
    facts.push(...decision.facts);
    return decision;
  };
  const desk = {
    facts,
    now: () => now,
    ledger: () => ledger,
    pass(ms: number) {
      now += ms;
    },
    /** As a killed limiter that comes back: only the journal is left. */
    crash() {
      epoch += 1;
      ledger = restore(facts.length === 0 ? [] : [{ entry: 'facts', facts }], epoch, using);
    },
    ask: (ticket: string, more: Partial<AskOf<'acquire'>> = {}): Decision =>
      take(
        decide(
          ledger,
          {
            do: 'acquire',
            ticket,
            account,
            endpoint,
            lane: 'far_event_sync',
            firstAskedAt: now,
            offerTo: 'client',
            trace: {},
            ...more,
          },
          now,
          using,
        ),
      ),
    acquire: (ticket: string, more: Partial<AskOf<'acquire'>> = {}): Answer => desk.ask(ticket, more).answer,
    start: (permit: string): Answer =>
      take(decide(ledger, { do: 'start', account, endpoint, permit, trace: {} }, now, using)).answer,
    settle: (permit: string, outcome: Outcome = { result: 'answered', status: 200 }): Decision =>
      take(decide(ledger, { do: 'settle', account, endpoint, permit, outcome }, now, using)),
    cancel: (id: string): Decision =>
      take(decide(ledger, { do: 'cancel', account, endpoint, id }, now, using)),
    /** Acquires, starts and settles in one go. @throws when there is no permit at once */
    call(ticket: string, more: Partial<AskOf<'acquire'>> = {}, outcome?: Outcome): string {
      const answer = desk.acquire(ticket, more);
      if (answer.answer !== 'granted') throw new Error(`no permit: ${answer.answer}`);
      desk.start(answer.permit);
      desk.settle(answer.permit, outcome);
      return answer.permit;
    },
  };
  return desk;
}
