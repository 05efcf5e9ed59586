import { createAgenda } from '@paceline/kit/agenda';
import { createDice } from '@paceline/kit/dice';
import { createTestLimiter, withSeveral } from '@paceline/limiter/core/testing';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import type { Outcome } from '@paceline/shared/contracts';
import { type Lane, laneNames } from '@paceline/shared/definition';
import fc from 'fast-check';

/* Random upstreams whose calls count in several windows, and random loads of them. */

export interface RandomBudget {
  readonly limit: number;
  readonly windowMs: number;
  readonly resets: 'sliding' | 'aligned';
  readonly paced: boolean;
  readonly reserve: number;
}

export interface RandomUpstream {
  readonly budgets: readonly RandomBudget[];
  /** The numbers of the budgets in which each endpoint's calls count. */
  readonly endpoints: ReadonlyArray<readonly number[]>;
}

const second = 1_000;
const minute = 60 * second;

const budget = fc
  .record({
    limit: fc.integer({ min: 1, max: 8 }),
    windowMs: fc.constantFrom(30 * second, minute, 5 * minute, 20 * minute),
    resets: fc.constantFrom('sliding' as const, 'aligned' as const),
    paced: fc.boolean(),
    reserve: fc.nat({ max: 2 }),
  })
  .map((each) => ({ ...each, paced: each.paced && each.resets === 'aligned' }));

export const anyUpstream: fc.Arbitrary<RandomUpstream> = fc
  .array(budget, { minLength: 1, maxLength: 4 })
  .chain((budgets) =>
    fc.record({
      budgets: fc.constant(budgets),
      endpoints: fc.array(
        fc.uniqueArray(fc.nat({ max: budgets.length - 1 }), { minLength: 1, maxLength: budgets.length }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  );

/** What happens to a call. */
const fate = fc.constantFrom(
  'answered',
  'answered',
  'answered',
  'unanswered',
  'not sent',
  'lost',
  'never started',
);

const request = fc.record({
  /** Ms after the previous one. */
  after: fc.oneof(fc.nat({ max: 2 * second }), fc.nat({ max: minute })),
  endpoint: fc.nat({ max: 3 }),
  lane: fc.constantFrom(...laneNames),
  callMs: fc.nat({ max: 8 * second }),
  fate,
});
export const anyRequests = fc.array(request, { minLength: 1, maxLength: 40 });
/** Requests that come faster than they can run. */
export const busyRequests = anyRequests.map((load) =>
  load.map((each) => ({ ...each, after: each.after % (3 * second) })),
);
export type RandomRequest = typeof anyRequests extends fc.Arbitrary<Array<infer Item>> ? Item : never;

export const budgetName = (index: number): string => `budget${index}`;
const endpointName = (index: number): string => `endpoint${index}`;

export const poolSettings = ({ budgets, endpoints }: RandomUpstream): LimiterSettings => ({
  ...withSeveral(
    Object.fromEntries(
      budgets.map(({ limit, windowMs, ...each }, index) => [
        budgetName(index),
        { ...each, policy: { limit, windowMs } },
      ]),
    ),
    Object.fromEntries(endpoints.map((counted, index) => [endpointName(index), counted.map(budgetName)])),
  ),
  missedHeartbeatsAllowed: 1e9,
});

/** A call that was sent, with the true time of its arrival. */
export interface SentCall {
  readonly request: number;
  readonly budgets: readonly number[];
  readonly arrivedAt: number;
}

export interface PoolRun {
  readonly limiter: ReturnType<typeof createTestLimiter>;
  readonly sent: readonly SentCall[];
  /** When each request came and got its permit; undefined while it has none. */
  readonly requestedAt: readonly number[];
  readonly grantedAt: ReadonlyArray<number | undefined>;
}

/** What a test sees of a turn: the numbers of the requests to which it has granted permits. */
export type OnTurn = (limiter: PoolRun['limiter'], granted: readonly number[]) => void;

/**
 * Runs a load to its end, and restarts the limiter from its journal after some steps. One function: calls, offers and the
 * alarm share the limiter and its clock.
 */
export function runPool(
  upstream: RandomUpstream,
  load: readonly RandomRequest[],
  { seed, crashes }: { readonly seed: number; readonly crashes: number },
  onTurn: OnTurn = () => undefined,
): PoolRun {
  const using = poolSettings(upstream);
  const limiter = createTestLimiter(endpointName(0), using);
  const agenda = createAgenda(limiter.now());
  const dice = createDice(seed, 'pool');
  const sent: SentCall[] = [];
  const requestedAt: number[] = [];
  const grantedAt: Array<number | undefined> = load.map(() => undefined);
  const endpointOf = (index: number) => (load[index] as RandomRequest).endpoint % upstream.endpoints.length;
  const nameOf = (index: number) => endpointName(endpointOf(index));
  const syncClock = () => limiter.pass(agenda.now() - limiter.now());

  const acquireOf = (index: number) =>
    limiter.acquireRequest(`r${index}`, {
      endpoint: nameOf(index),
      lane: load[index]?.lane as Lane,
      requestedAt: requestedAt[index] as number,
    });

  function take(...indexes: number[]): void {
    syncClock();
    const { replies, offers } = limiter.take(...indexes.map(acquireOf));
    granted([
      ...indexes.flatMap((index, each) => {
        const reply = replies[each];
        return reply?.answer === 'granted' ? [{ index, permit: reply.permit }] : [];
      }),
      ...offers.map(({ offer }) => ({ index: Number(offer.ticket.slice(1)), permit: offer.permit })),
    ]);
    setAlarm();
  }

  function setAlarm(): void {
    const alarm = limiter.alarmIn();
    if (alarm === undefined) return;
    agenda.in(alarm, () => {
      syncClock();
      if (limiter.alarmIn() === 0) take();
    });
  }

  function granted(all: ReadonlyArray<{ index: number; permit: string }>): void {
    onTurn(
      limiter,
      all.map(({ index }) => index),
    );
    for (const { index, permit } of all) {
      grantedAt[index] = agenda.now();
      agenda.in(dice.whole(0, using.startWithin - 1), () => call(index, permit));
    }
  }

  function call(index: number, permit: string): void {
    const { fate: becomes, callMs } = load[index] as RandomRequest;
    if (becomes === 'never started') return;
    syncClock();
    const { answer } = limiter.start(permit, nameOf(index));
    setAlarm();
    if (answer !== 'started') return;
    const latest = becomes === 'answered' ? callMs : using.sendWithin + 10 * second;
    if (becomes !== 'not sent') {
      const arrivedAt = agenda.now() + dice.whole(0, latest);
      sent.push({ request: index, budgets: upstream.endpoints[endpointOf(index)] ?? [], arrivedAt });
    }
    if (becomes === 'lost') return;
    agenda.in(becomes === 'unanswered' ? latest : callMs, () => {
      syncClock();
      const { offers } = limiter.settle(permit, outcomes[becomes], nameOf(index));
      granted(offers.map(({ offer }) => ({ index: Number(offer.ticket.slice(1)), permit: offer.permit })));
      setAlarm();
    });
  }

  let at = 0;
  for (const [index, { after }] of load.entries()) {
    at += after;
    agenda.in(at, () => {
      requestedAt[index] = agenda.now();
      take(index);
    });
  }
  for (let crash = 0; crash < crashes; crash += 1)
    agenda.in(dice.whole(0, at), () => {
      syncClock();
      limiter.crash();
      // Clients request again.
      take(...requestedAt.keys().filter((index) => grantedAt[index] === undefined));
    });
  agenda.run(1_000_000);
  return { limiter, sent, requestedAt, grantedAt };
}

const outcomes: Readonly<Record<'answered' | 'unanswered' | 'not sent', Outcome>> = {
  answered: { result: 'answered', status: 200 },
  unanswered: { result: 'unanswered' },
  'not sent': { result: 'not_sent' },
};
