import { createVirtualClock } from '@paceline/shared/clock';
import type { Fact, Operation, Outcome, PermitRequestOf } from '@paceline/shared/contracts';
import { mapValues } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { policyOf } from './budget.ts';
import { foreignAfter } from './foreign-calls.ts';
import { createLedger, keyOf, type Ledger } from './ledger.ts';
import type { LedgerRequest, Reply, Turn } from './protocol.ts';
import { restore } from './recovery.ts';
import { defaultSettings, type LimiterSettings } from './settings.ts';
import { takeTurn } from './turn.ts';
import { available, countedSince } from './window.ts';
import { type BudgetSettings, type UpstreamSettings, upstreamSettings } from './upstream.ts';
import type { BudgetState } from './state.ts';

const account = 'team';
const real = defaultSettings(loadUpstreams({}), () => 'standard', createVirtualClock());

/** Settings with another upstream in the place of ZwiftRacing. */
export const withUpstream = (zwiftracing: UpstreamSettings, using: LimiterSettings): LimiterSettings => ({
  ...using,
  upstreams: { ...using.upstreams, zwiftracing },
});

const upstreamIn = ({ upstreams }: LimiterSettings): UpstreamSettings =>
  upstreams.zwiftracing as UpstreamSettings;

/** Without a reserve for the forced lanes; tests of the reserve set one. */
export const settings: LimiterSettings = withUpstream(
  {
    ...upstreamIn(real),
    budgets: mapValues(upstreamIn(real).budgets, (budget) => ({ ...budget, reserve: 0 })),
  },
  real,
);

export const budgetOf = (name: string, using = settings): BudgetSettings =>
  upstreamIn(using).budgets[name] as BudgetSettings;

/** Settings with changes to a budget and its endpoint of the same name. */
export function withBudget(
  name: string,
  change: Partial<BudgetSettings>,
  using: LimiterSettings = settings,
): LimiterSettings {
  const { budgets, endpoints, ...upstream } = upstreamIn(using);
  const budget = { ...budgetOf(name, using), ...change };
  return withUpstream(
    {
      ...upstream,
      budgets: { ...budgets, [name]: budget },
      endpoints: { ...endpoints, [name]: { budgets: [name], callTimeout: budget.callTimeout } },
    },
    using,
  );
}

/** Settings with endpoints that count in several budgets; all calls take a second. */
export const withSeveral = (
  budgets: Readonly<Record<string, Partial<BudgetSettings> & Pick<BudgetSettings, 'policy'>>>,
  endpoints: Readonly<Record<string, readonly string[]>>,
): LimiterSettings =>
  withUpstream(
    upstreamSettings(
      {
        budgets: mapValues(budgets, ({ policy, ...budget }) => ({
          label: '',
          limits: { standard: policy, premium: policy },
          resets: 'sliding' as const,
          paced: false,
          reserve: 0,
          rejectedCount: true,
          ...budget,
        })),
        endpoints: mapValues(endpoints, (counted) => ({
          label: '',
          fetches: '',
          source: '',
          calls: [],
          budgets: counted,
          batch: 1,
          timeoutMs: 10_000,
          typicalMs: 1_000,
        })),
        lanes: upstreamIn(real).lanes,
      },
      'standard',
      createVirtualClock(),
    ),
    real,
  );

/** A budget that the ledger keeps. */
export const budgetIn = (ledger: Ledger, name: string, of = account): BudgetState | undefined =>
  ledger.pools.get(keyOf(of, name))?.budgets.find(({ record }) => record.endpoint === name);

/** What each budget that the ledger keeps counts at `now`. */
export const countForeignIn = (ledger: Ledger, now: number) =>
  [...ledger.pools.values()].flatMap(({ budgets }) =>
    budgets.map((budget) => {
      const since = countedSince(budget, now);
      return {
        limit: policyOf(budget).limit,
        ours: budget.calls.countAfter(since),
        foreign: foreignAfter(budget.record.foreign, since),
        available: available(budget, now, true),
      };
    }),
  );

/** Ms after which a waiting request without heartbeats expires, while few requests wait. */
export const expiresAfter = settings.heartbeatInterval * settings.missedHeartbeatsAllowed;

type AcquireOptions = Partial<PermitRequestOf<'acquire'>>;

/**
 * A limiter without I/O: its ledger, the facts that its journal would hold, and a clock that the test moves.
 * Long, because it is one table of small helpers over the same ledger.
 */
export function createTestLimiter(endpoint: string, using: LimiterSettings = settings) {
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
    start: (permit: string, of = endpoint): Reply =>
      take({ do: 'start', account, endpoint: of, permit, trace: {} }).reply,
    settle: (permit: string, outcome: Outcome = { result: 'answered', status: 200 }, of = endpoint) =>
      take({ do: 'settle', account, endpoint: of, permit, outcome }),
    operate: (operation: Operation) => take(operation),
    cancel: (id: string) => take({ do: 'cancel', account, endpoint, id }),
    /** Acquires, starts and settles. @throws when no permit is free */
    call(ticket: string, options: AcquireOptions = {}, outcome?: Outcome): string {
      const reply = limiter.acquire(ticket, options);
      if (reply.answer !== 'granted') throw new Error(`no permit: ${reply.answer}`);
      limiter.start(reply.permit, options.endpoint);
      limiter.settle(reply.permit, outcome, options.endpoint);
      return reply.permit;
    },
  };
  return limiter;
}
