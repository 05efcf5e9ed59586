import { type JournalEntry, journalEntry, type WindowView } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from './ledger.ts';
import type { LedgerRequest } from './protocol.ts';
import { restated, restore, weighs } from './recovery.ts';
import { settings } from './testing.ts';
import { takeTurn } from './turn.ts';
import { windows } from './views.ts';

const minute = 60_000;
const accounts = Array.from({ length: 6 }, (_, index) => `team-${index}`);
const begin = 1_000_000_000;

const step = fc.record({
  account: fc.constantFrom(...accounts),
  endpoint: fc.constantFrom('riders_single' as const, 'signups' as const),
  status: fc.constantFrom(200, 200, 429, undefined),
  settles: fc.boolean(),
  learns: fc.boolean(),
  after: fc.integer({ min: 0, max: 2 * minute }),
  restates: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Lives through the steps and writes a journal, restated part by part wherever a step says so. */
function live(steps: readonly Step[]) {
  const ledger: Ledger = createLedger(1, settings);
  const entries: JournalEntry[] = [];
  let now = begin;
  let parts: ReturnType<typeof restated> | undefined;
  let began = 0;
  let recoverFrom = 0;
  const take = (...requests: LedgerRequest[]) => {
    const { facts, answers } = takeTurn(ledger, requests, now);
    if (facts.length > 0) entries.push({ entry: 'facts', recoverFrom, facts: [...facts] });
    return answers[0];
  };
  for (const [index, { account, endpoint, status, settles, learns, after, restates }] of steps.entries()) {
    const place = { account, endpoint };
    const granted = take({
      do: 'acquire',
      ...place,
      ticket: `t${index}`,
      lane: 'rider_sync',
      requestedAt: now,
      offerTo: 'client',
      trace: {},
    });
    if (granted?.answer === 'granted') {
      take({ do: 'start', ...place, permit: granted.permit, trace: {} });
      const learned = learns ? { learned: { limit: 2, windowMs: 5 * minute } } : {};
      const outcome = { result: status ? 'answered' : 'unanswered', status, ...learned } as const;
      if (settles) take({ do: 'settle', ...place, permit: granted.permit, outcome });
    }
    now += after;
    if (!restates) continue;
    parts ??= restated(ledger, now);
    const part = parts.next(now);
    if (part.done) {
      recoverFrom = began;
      parts = undefined;
      began = 0;
      continue;
    }
    entries.push({
      entry: 'snapshot',
      recoverFrom,
      owner: 'me',
      at: now,
      lostAt: null,
      budgets: structuredClone(part.value),
    });
    began ||= entries.length - 1;
  }
  return { entries, now, recoverFrom };
}

/** What of a window must survive: who waits comes back by itself. */
const hard = ({ endpoint, policy, permits, available, pausedUntil, probing, unknownUntil }: WindowView) => ({
  endpoint,
  policy,
  permits,
  available,
  pausedUntil,
  probing,
  unknownUntil,
});

const shown = (ledger: Ledger, now: number) =>
  accounts.map((account) => windows(ledger, account, now).windows.map(hard));

describe('a ledger that is stated anew while it goes on', () => {
  it('is recovered from there as from the beginning', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const { entries, now, recoverFrom } = live(steps);
        const whole = restore(entries, 2, settings);
        const short = restore(entries.slice(recoverFrom), 2, settings);
        expect(shown(short, now)).toEqual(shown(whole, now));
      }),
      { numRuns: 200 },
    );
  });

  it('can be written: every entry keeps its contract', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        for (const entry of live(steps).entries) expect(journalEntry.parse(entry)).toEqual(entry);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a journal that is gone although there was one', () => {
  const lost: JournalEntry = {
    entry: 'facts',
    recoverFrom: 0,
    facts: [
      { fact: 'journal_lost', at: begin },
      { fact: 'claimed', owner: 'me', at: begin },
    ],
  };
  const ask = (ledger: Ledger, now: number, account = 'team-0') =>
    takeTurn(
      ledger,
      [
        {
          do: 'acquire',
          account,
          endpoint: 'riders_single',
          ticket: 'a',
          lane: 'manual_rider_add',
          requestedAt: now,
          offerTo: 'client',
          trace: {},
        },
      ],
      now,
    ).answers[0];
  const spentUntil =
    begin +
    settings.sendWithin +
    settings.callTimeout.riders_single +
    settings.guard +
    minute +
    settings.epsilon;

  it('counts every budget as spent until nothing of before can count any more', () => {
    const ledger = restore([lost], 1, settings);
    expect(ask(ledger, begin)).toMatchObject({ answer: 'waiting', estimatedAt: spentUntil });
    expect(ask(ledger, spentUntil - 1)?.answer).toBe('waiting');
    expect(ask(ledger, spentUntil)?.answer).toBe('granted');
  });

  it('is remembered by the next owner, from a ledger that was stated anew too', () => {
    const [budgets = []] = restated(restore([lost], 1, settings), begin);
    const anew: JournalEntry = {
      entry: 'snapshot',
      recoverFrom: 0,
      owner: 'me',
      at: begin,
      lostAt: begin,
      budgets,
    };
    expect(ask(restore([anew], 2, settings), spentUntil - 1, 'team-5')?.answer).toBe('waiting');
  });

  it('lets no probe through either: nobody knows what went before it', () => {
    const place = { account: 'team-0', endpoint: 'riders_single' } as const;
    const paused: JournalEntry = {
      entry: 'facts',
      recoverFrom: 0,
      facts: [
        { fact: 'paused', ...place, by: 'upstream', at: begin - 1, until: begin, consecutiveRejections: 1 },
      ],
    };
    const ledger = restore([paused, lost], 1, settings);
    expect(ask(ledger, spentUntil - 1)?.answer).toBe('waiting');
    expect(ask(ledger, spentUntil)?.answer).toBe('granted');
  });

  it('matters no longer than what it held could count', () => {
    const ledger = restore([lost], 1, settings);
    const { clubs } = settings.policies;
    const clubsUntil =
      begin +
      settings.sendWithin +
      settings.callTimeout.clubs +
      settings.guard +
      settings.clockLag +
      clubs.windowMs +
      settings.epsilon;
    expect(weighs(ledger, clubsUntil - 1)).toBe(true);
    expect(weighs(ledger, clubsUntil)).toBe(false);
  });

  it('can be stated anew, whatever the windows are', () => {
    const place = { account: 'team-0', endpoint: 'results' } as const;
    const odd: JournalEntry = {
      entry: 'facts',
      recoverFrom: 0,
      facts: [
        {
          fact: 'policy_changed',
          ...place,
          by: 'upstream',
          at: begin - 1,
          policy: { limit: 1, windowMs: 60_000.5 },
          unknownUntil: null,
        },
      ],
    };
    const [budgets = []] = restated(restore([odd, lost], 1, settings), begin);
    const entry = { entry: 'snapshot', recoverFrom: 0, owner: 'me', at: begin, lostAt: begin, budgets };
    expect(journalEntry.safeParse(entry).error).toBeUndefined();
  });

  it('knows permits of later claims than its own to be of before', () => {
    const ledger = restore([lost], 1, settings);
    const place = { account: 'team-0', endpoint: 'riders_single' } as const;
    const turn = takeTurn(ledger, [{ do: 'start', ...place, permit: '900-1-a', trace: {} }], begin);
    expect(turn.answers).toEqual([{ answer: 'expired' }]);
  });
});
