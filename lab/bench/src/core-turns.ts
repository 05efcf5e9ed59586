import { monotonic } from '@paceline/kit/waiting';
import { createLedger } from '@paceline/limiter/core/ledger';
import type { LedgerRequest, Turn } from '@paceline/limiter/core/protocol';
import { defaultSettings } from '@paceline/limiter/core/settings';
import { withBudget } from '@paceline/limiter/core/testing';
import { takeTurn } from '@paceline/limiter/core/turn';
import { createVirtualClock } from '@paceline/shared/clock';
import type { Policy } from '@paceline/shared/contracts';
import { laneNames } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';

const hour = 3_600_000;
/** The limiter's maximum of requests per turn. */
const maxPerTurn = 500;
const endpoint = 'signups';
/** A little more than a window with its ε, project ms. */
const windowMs = 61_100;
const roundTripMs = 300;

/** Waiting requests send no heartbeats, which would be additional load. */
const settings = {
  ...defaultSettings(loadUpstreams({}), () => 'standard', createVirtualClock()),
  missedHeartbeatsAllowed: 1e9,
};

/** A ledger with its own clock; measures turns without I/O. */
function measuredLedger(policy?: Policy) {
  const using = policy ? withBudget(endpoint, { policy }, settings) : settings;
  const ledger = createLedger(1, using);
  let now = 10 * hour;
  let tickets = 0;
  let spentMs = 0;
  return {
    now: () => now,
    pass(ms: number) {
      now += ms;
    },
    turn(requests: readonly LedgerRequest[]): Turn {
      const from = monotonic();
      const turn = takeTurn(ledger, requests, now);
      spentMs += monotonic() - from;
      return turn;
    },
    /** Ms spent in turns since the last call. */
    spent(): number {
      const spent = spentMs;
      spentMs = 0;
      return spent;
    },
    /** A request for the minute's only call. */
    acquire(account: string, requestedAt = now): LedgerRequest {
      tickets += 1;
      const lane = laneNames[tickets % laneNames.length] ?? 'rider_sync';
      const ticket = `${account}/${tickets}`;
      return { do: 'acquire', ticket, account, endpoint, lane, requestedAt, offerTo: 'client', trace: {} };
    },
  };
}

const accountOf = (ticket: string): string => ticket.slice(0, ticket.indexOf('/'));

const start = (account: string, permit: string): LedgerRequest => ({
  do: 'start',
  account,
  endpoint,
  permit,
  trace: {},
});
const settle = (account: string, permit: string): LedgerRequest => ({
  do: 'settle',
  account,
  endpoint,
  permit,
  outcome: { result: 'answered', status: 200 },
});

function* inTurns<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += maxPerTurn) yield all.slice(from, from + maxPerTurn);
}

/** One budget with a long queue. @returns µs per permit (four turns) by round, and heap bytes per waiting request */
export async function depth({ waiting, rounds, permits }: Record<'waiting' | 'rounds' | 'permits', number>) {
  const { acquire, pass, turn, now, spent } = measuredLedger();
  const before = heapUsed();
  const account = 'deep';
  const queue = Array.from({ length: waiting + 1 }, (_, index) =>
    acquire(account, now() - ((index * 7919) % hour)),
  );
  for (const requests of inTurns(queue)) turn(requests);
  const bytes = (heapUsed() - before) / waiting;
  // The first permit is never started and expires.
  pass(windowMs);
  turn([]);
  pass(windowMs);

  const onePermit = () => {
    turn([acquire(account)]);
    pass(windowMs);
    const permit = turn([]).offers[0]?.offer.permit;
    if (permit === undefined) throw new Error('no permit offered');
    turn([start(account, permit)]);
    pass(roundTripMs);
    turn([settle(account, permit)]);
  };
  const perPermit = Array.from({ length: rounds }, () => {
    spent();
    for (let each = 0; each < permits; each += 1) onePermit();
    return (spent() * 1_000) / permits;
  });
  return { perPermit, bytes };
}

/** A full window of `limit` calls, in which places free up at even intervals. @returns µs per permit (four turns) by round, and heap bytes per call */
export async function fullWindow({ limit, rounds, permits }: Record<'limit' | 'rounds' | 'permits', number>) {
  // With ε divisible by every limit.
  const cycleMs = 70_000;
  const { acquire, pass, turn, spent } = measuredLedger({ limit, windowMs: cycleMs - settings.epsilon });
  const before = heapUsed();
  const account = 'full';
  const call = (permit: string) => {
    turn([start(account, permit)]);
    turn([settle(account, permit)]);
  };
  for (let calls = 0; calls < limit; calls += 1) {
    if (calls > 0) pass(cycleMs / limit);
    const [reply] = turn([acquire(account)]).replies;
    if (reply?.answer !== 'granted') throw new Error(`call ${calls} of ${limit} has to wait`);
    call(reply.permit);
  }
  const bytes = (heapUsed() - before) / limit;
  const onePermit = () => {
    const [reply] = turn([acquire(account)]).replies;
    pass(cycleMs / limit);
    const [next] = turn([]).offers;
    if (reply?.answer !== 'waiting' || !next) throw new Error('the window is not full, or does not free up');
    call(next.offer.permit);
  };
  const perPermit = Array.from({ length: rounds }, () => {
    spent();
    for (let each = 0; each < permits; each += 1) onePermit();
    return (spent() * 1_000) / permits;
  });
  return { perPermit, bytes };
}

/** Many accounts with one waiting request each. @returns µs per permit (hundreds per turn) by round, and heap bytes per account */
export async function breadth({
  accounts,
  rounds,
  permits,
}: Record<'accounts' | 'rounds' | 'permits', number>) {
  const { acquire, pass, turn, spent } = measuredLedger();
  const before = heapUsed();
  const names = Array.from({ length: accounts }, (_, index) => `account-${index}`);
  /** Uses the permits and requests new ones. */
  const call = (granted: ReadonlyArray<{ account: string; permit: string }>) => {
    turn(granted.map(({ account, permit }) => start(account, permit)));
    turn(granted.map(({ account, permit }) => settle(account, permit)));
    turn(granted.map(({ account }) => acquire(account)));
  };
  for (const some of inTurns(names)) {
    const { replies } = turn(some.map((name) => acquire(name)));
    call(
      some.flatMap((account, index) => {
        const answer = replies[index];
        return answer?.answer === 'granted' ? [{ account, permit: answer.permit }] : [];
      }),
    );
    // So that windows end at different times.
    pass(1);
  }
  const bytes = (heapUsed() - before) / accounts;
  /** Grants requests whose window has room again. @returns their number */
  const grantSome = (): number => {
    const { offers } = turn([]);
    call(offers.map(({ offer: { ticket, permit } }) => ({ account: accountOf(ticket), permit })));
    return offers.length;
  };
  const perPermit = Array.from({ length: rounds }, () => {
    spent();
    let granted = 0;
    while (granted < permits) {
      const some = grantSome();
      granted += some;
      if (some === 0) pass(windowMs);
    }
    return (spent() * 1_000) / granted;
  });
  return { perPermit, bytes };
}

/** Bytes, after garbage collection (with --expose-gc). */
function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
