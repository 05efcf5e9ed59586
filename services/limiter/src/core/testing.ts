import { createVirtualClock } from '@paceline/shared/clock';
import type { Fact, Operation, Outcome, PermitRequestOf } from '@paceline/shared/contracts';
import { type BudgetName, budgets, mapValues } from '@paceline/shared/definition';
import { createLedger, type Ledger } from './ledger.ts';
import type { LedgerRequest, Reply, Turn } from './protocol.ts';
import { restore } from './recovery.ts';
import { defaultSettings, type LimiterSettings } from './settings.ts';
import { takeTurn } from './turn.ts';

/** Without a reserve for the forced lanes; tests of the reserve set one. */
export const settings: LimiterSettings = {
  ...defaultSettings('standard', createVirtualClock()),
  reserve: mapValues(budgets, () => 0),
};
/** Ms after which a waiting request without heartbeats expires, while few requests wait. */
export const expiresAfter = settings.heartbeatInterval * settings.missedHeartbeatsAllowed;
const account = 'team';

type AcquireOptions = Partial<PermitRequestOf<'acquire'>>;

/**
 * A limiter without I/O: its ledger, the facts that its journal would hold, and a clock that the test moves.
 * Long, because it is one table of small helpers over the same ledger.
 */
export function createTestLimiter(endpoint: BudgetName, using: LimiterSettings = settings) {
  let ledger: Ledger = createLedger(1, using);
  let epoch = 1;
  let now = 1_000_000_000;
  const facts: Fact[] = [];
  /** Takes one turn; `reply` is the reply to its first request. */
  const take = (...requests: LedgerRequest[]): Turn & { reply: Reply } => {
    const turn = takeTurn(ledger, requests, now);
    facts.push(...turn.facts);
    return { ...turn, reply: turn.replies[0] as Reply };
  };
  const acquireRequest = (ticket: string, options: AcquireOptions = {}): LedgerRequest => ({
    do: 'acquire',
    ticket,
    account,
    endpoint,
    lane: 'far_event_sync',
    requestedAt: now,
    offerTo: 'client',
    trace: {},
    ...options,
  });
  const limiter = {
    facts,
    take,
    acquireRequest,
    now: () => now,
    ledger: () => ledger,
    /** Ms until time alone may free a permit; undefined while no request waits. */
    alarmIn() {
      const at = ledger.alarms.first()?.alarmAt;
      return at === undefined ? undefined : Math.max(0, at - now);
    },
    pass(ms: number) {
      now += ms;
    },
    /** Kills the limiter and starts it again from its journal. */
    crash(quietMs = 0) {
      epoch += 1;
      ledger = restore(
        facts.length === 0 ? [] : [{ entry: 'facts', recoverFrom: 0, facts }],
        epoch,
        using,
        now + quietMs,
      );
    },
    request: (ticket: string, options: AcquireOptions = {}) => take(acquireRequest(ticket, options)),
    acquire: (ticket: string, options: AcquireOptions = {}): Reply => limiter.request(ticket, options).reply,
    start: (permit: string): Reply => take({ do: 'start', account, endpoint, permit, trace: {} }).reply,
    settle: (permit: string, outcome: Outcome = { result: 'answered', status: 200 }) =>
      take({ do: 'settle', account, endpoint, permit, outcome }),
    operate: (operation: Operation) => take(operation),
    cancel: (id: string) => take({ do: 'cancel', account, endpoint, id }),
    /** Acquires, starts and settles. @throws when no permit is free */
    call(ticket: string, options: AcquireOptions = {}, outcome?: Outcome): string {
      const reply = limiter.acquire(ticket, options);
      if (reply.answer !== 'granted') throw new Error(`no permit: ${reply.answer}`);
      limiter.start(reply.permit);
      limiter.settle(reply.permit, outcome);
      return reply.permit;
    },
  };
  return limiter;
}
