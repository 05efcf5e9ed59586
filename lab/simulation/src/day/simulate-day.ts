import { createAgenda } from '@paceline/kit/agenda';
import { createDice } from '@paceline/kit/dice';
import { createLedger } from '@paceline/limiter/core/ledger';
import type { LedgerRequest } from '@paceline/limiter/core/protocol';
import { defaultSettings } from '@paceline/limiter/core/settings';
import { takeTurn } from '@paceline/limiter/core/turn';
import { createCounters } from '@paceline/sandbox';
import { createVirtualClock } from '@paceline/shared/clock';
import type { Fact, JournalEntry } from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import { day, type Demand } from './demand.ts';

/** What happened to a request. Ms from midnight. */
export interface Outcome extends Demand {
  /** Undefined when it gave up. */
  readonly startedAt: number | undefined;
  readonly status: number | undefined;
}

export type DayResult = ReturnType<typeof simulateDay>;

const midnight = Date.UTC(2026, 10, 24);
const key = 'sandbox';

/** The account whose key the sandbox sees. */
export const accountIn = ({ name }: Upstream): string => `${name}:key-${key}`;

/**
 * Runs the requests of one day on a virtual clock: the limiter's decisions, a network with jitter, and the counts of the
 * upstream's sandbox. One function, as its parts share the clock and the ledger.
 * @returns the requests' outcomes, the limiter's journal and the arrivals
 */
export function simulateDay(upstream: Upstream, demand: readonly Demand[], seed: number) {
  const agenda = createAgenda(midnight);
  const dice = createDice(seed, 'network');
  const clock = createVirtualClock(midnight);
  const settings = {
    ...defaultSettings({ [upstream.name]: upstream }, () => 'standard', clock),
    // A waiting request here doesn't repeat itself; it cancels when it gives up.
    missedHeartbeatsAllowed: 1e9,
  };
  const account = accountIn(upstream);
  const ledger = createLedger(1, settings);
  const counters = createCounters(upstream.budgets);
  const entries: JournalEntry[] = [];
  const write = (facts: readonly Fact[]) => {
    if (facts.length > 0) entries.push({ entry: 'facts', recoverFrom: 0, facts: [...facts] });
  };
  write([{ fact: 'claimed', owner: 'limiter', at: midnight }]);
  const outcomes = demand.map(() => ({
    startedAt: undefined as number | undefined,
    status: undefined as number | undefined,
  }));
  const arrivals: Array<{ arrivedAt: number; budgets: readonly string[]; rejected: boolean }> = [];
  let alarmAt = Infinity;

  /** Takes a turn; the permits that it grants are started at once. */
  function take(...requests: LedgerRequest[]) {
    const turn = takeTurn(ledger, requests, agenda.now());
    write(turn.facts);
    for (const { offer } of turn.offers) call(Number(offer.ticket), offer.permit);
    const next = ledger.alarms.first()?.alarmAt ?? Infinity;
    if (next < alarmAt || alarmAt <= agenda.now()) {
      alarmAt = next;
      if (next < Infinity) agenda.in(next - agenda.now(), () => void (alarmAt === next && take()));
    }
    return turn.replies[0];
  }

  /** 20–200 ms each way, and one message in a hundred up to ten times as long. */
  const travel = () => dice.whole(20, 200) * (dice.chance(0.01) ? dice.whole(1, 10) : 1);

  function call(index: number, permit: string): void {
    const { endpoint } = demand[index] as Demand;
    const definition = upstream.endpoints[endpoint]!;
    take({ do: 'start', account, endpoint, permit, trace: {} });
    outcomes[index]!.startedAt = agenda.now() - midnight;
    agenda.in(travel(), () => {
      const { budgets } = definition;
      const { spent } = counters.arrive({ key, tier: 'standard' }, budgets, agenda.now());
      const status = spent.length > 0 ? 429 : 200;
      arrivals.push({ arrivedAt: agenda.now(), budgets, rejected: status === 429 });
      agenda.in(travel() + dice.whole(0, 2 * definition.typicalMs), () => {
        outcomes[index]!.status = status;
        take({ do: 'settle', account, endpoint, permit, outcome: { result: 'answered', status } });
      });
    });
  }

  for (const [index, { endpoint, lane, at, patience }] of demand.entries()) {
    agenda.in(at, () => {
      const reply = take({
        do: 'acquire',
        ticket: String(index),
        account,
        endpoint,
        lane,
        requestedAt: agenda.now(),
        offerTo: 'client',
        trace: {},
      });
      if (reply?.answer === 'granted') call(index, reply.permit);
      agenda.in(patience, () => {
        if (outcomes[index]!.startedAt === undefined)
          take({ do: 'cancel', account, endpoint, id: String(index) });
      });
    });
  }
  agenda.runUntil(midnight + day);
  return {
    midnight,
    requests: demand.map((each, index): Outcome => ({ ...each, ...outcomes[index]! })),
    entries,
    arrivals,
  };
}
