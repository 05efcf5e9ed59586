import { monotonic } from '@paceline/kit/waiting';
import { createLedger } from '@paceline/limiter/core/ledger';
import type { LedgerRequest, Turn } from '@paceline/limiter/core/protocol';
import { defaultSettings } from '@paceline/limiter/core/settings';
import { takeTurn } from '@paceline/limiter/core/turn';
import { createVirtualClock } from '@paceline/shared/clock';
import { laneNames } from '@paceline/shared/definition';

const hour = 3_600_000;
/** As many requests as the limiter takes into one turn. */
const largestTurn = 500;
const endpoint = 'signups';
/** How long a window and its ε last, and a little more; project ms. */
const windowMs = 61_100;
const roundTripMs = 300;

/** Those that wait do not ask again: that would be a load of its own. */
const settings = { ...defaultSettings('standard', createVirtualClock()), missedHeartbeatsAllowed: 1e9 };

/** A ledger and its time: turns, without I/O. */
function measuredLedger() {
  const ledger = createLedger(1, settings);
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
    /** Ms that turns have taken since the last time. */
    spent(): number {
      const spent = spentMs;
      spentMs = 0;
      return spent;
    },
    /** Somebody asks for the one call that a minute has. */
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
  for (let from = 0; from < all.length; from += largestTurn) yield all.slice(from, from + largestTurn);
}

/** One budget with a long queue. Returns the µs of a permit (four turns) by round, and bytes of heap by waiter. */
export async function depth({ waiting, rounds, permits }: Record<'waiting' | 'rounds' | 'permits', number>) {
  const { acquire, pass, turn, now, spent } = measuredLedger();
  const before = heapUsed();
  const account = 'deep';
  const line = Array.from({ length: waiting + 1 }, (_, index) =>
    acquire(account, now() - ((index * 7919) % hour)),
  );
  for (const requests of inTurns(line)) turn(requests);
  const bytes = (heapUsed() - before) / waiting;
  // Nobody starts the first one's permit: it runs out.
  pass(windowMs);
  turn([]);
  pass(windowMs);

  const onePermit = () => {
    turn([acquire(account)]);
    pass(windowMs);
    const permit = turn([]).offers[0]?.offer.permit;
    if (permit === undefined) throw new Error('nobody was offered a permit');
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

/** Many accounts with one waiter each. Returns the µs of a permit (hundreds in a turn) by round, and bytes by account. */
export async function breadth({
  accounts,
  rounds,
  permits,
}: Record<'accounts' | 'rounds' | 'permits', number>) {
  const { acquire, pass, turn, spent } = measuredLedger();
  const before = heapUsed();
  const names = Array.from({ length: accounts }, (_, index) => `account-${index}`);
  /** Calls with those permits, and asks again. */
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
    // Few windows end at the same moment.
    pass(1);
  }
  const bytes = (heapUsed() - before) / accounts;
  /** Serves some whose window has moved on; returns how many. */
  const serve = (): number => {
    const { offers } = turn([]);
    call(offers.map(({ offer: { ticket, permit } }) => ({ account: accountOf(ticket), permit })));
    return offers.length;
  };
  const perPermit = Array.from({ length: rounds }, () => {
    spent();
    let served = 0;
    while (served < permits) {
      const some = serve();
      served += some;
      if (some === 0) pass(windowMs);
    }
    return (spent() * 1_000) / served;
  });
  return { perPermit, bytes };
}

/** Bytes, after what is not needed any more was thrown away (where Node was started with --expose-gc). */
function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
