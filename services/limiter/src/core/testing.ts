import { createVirtualClock } from '@paceline/shared/clock';
import type { Fact, Operation, Outcome, PermitRequestOf } from '@paceline/shared/contracts';
import { type Budget, budgets, mapValues } from '@paceline/shared/definition';
import { createLedger, type Ledger } from './ledger.ts';
import type { LedgerRequest, Reply, Turn } from './protocol.ts';
import { restore } from './recovery.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { takeTurn } from './turn.ts';

/** Without places that are kept for the forced lanes: what is tested about those says so. */
export const settings: Settings = {
  ...defaultSettings('standard', createVirtualClock()),
  reserve: mapValues(budgets, () => 0),
};
/** Ms after which who was not heard of is gone, when few wait. */
export const forgetAfter = settings.heartbeatInterval * settings.missedHeartbeatsAllowed;
const account = 'team';

/**
 * A limiter without I/O: its ledger, the facts that its journal would hold, and a clock that the test moves.
 * Long: one table of small helpers over the same ledger.
 */
export function createTestLimiter(endpoint: Budget, using: Settings = settings) {
  let ledger: Ledger = createLedger(1, using);
  let epoch = 1;
  let now = 1_000_000_000;
  const facts: Fact[] = [];
  /** The asks of one turn, with the answer to the first beside the rest. */
  const take = (...asks: LedgerRequest[]): Turn & { answer: Reply } => {
    const turn = takeTurn(ledger, asks, now);
    facts.push(...turn.facts);
    return { ...turn, answer: turn.answers[0] as Reply };
  };
  const acquireAsk = (ticket: string, more: Partial<PermitRequestOf<'acquire'>> = {}): LedgerRequest => ({
    do: 'acquire',
    ticket,
    account,
    endpoint,
    lane: 'far_event_sync',
    requestedAt: now,
    offerTo: 'client',
    trace: {},
    ...more,
  });
  const limiter = {
    facts,
    take,
    acquireAsk,
    now: () => now,
    ledger: () => ledger,
    /** Ms until something may become free by itself; undefined when nobody waits. */
    alarmIn() {
      const at = ledger.alarms.first()?.alarmAt;
      return at === undefined ? undefined : Math.max(0, at - now);
    },
    pass(ms: number) {
      now += ms;
    },
    /** As a killed limiter that comes back: only the journal is left. */
    crash(quietMs = 0) {
      epoch += 1;
      ledger = restore(
        facts.length === 0 ? [] : [{ entry: 'facts', recoverFrom: 0, facts }],
        epoch,
        using,
        now + quietMs,
      );
    },
    ask: (ticket: string, more: Partial<PermitRequestOf<'acquire'>> = {}) => take(acquireAsk(ticket, more)),
    acquire: (ticket: string, more: Partial<PermitRequestOf<'acquire'>> = {}): Reply =>
      limiter.ask(ticket, more).answer,
    start: (permit: string): Reply => take({ do: 'start', account, endpoint, permit, trace: {} }).answer,
    settle: (permit: string, outcome: Outcome = { result: 'answered', status: 200 }) =>
      take({ do: 'settle', account, endpoint, permit, outcome }),
    operate: (operation: Operation) => take(operation),
    cancel: (id: string) => take({ do: 'cancel', account, endpoint, id }),
    /** Acquires, starts and settles in one go. @throws when there is no permit at once */
    call(ticket: string, more: Partial<PermitRequestOf<'acquire'>> = {}, outcome?: Outcome): string {
      const answer = limiter.acquire(ticket, more);
      if (answer.answer !== 'granted') throw new Error(`no permit: ${answer.answer}`);
      limiter.start(answer.permit);
      limiter.settle(answer.permit, outcome);
      return answer.permit;
    },
  };
  return limiter;
}
