import { type JournalEntry, journalEntry, type WindowView } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from './ledger.ts';
import type { LedgerRequest } from './protocol.ts';
import { hasActiveState, restore, snapshotParts } from './recovery.ts';
import { budgetOf, settings } from './testing.ts';
import { takeTurn } from './turn.ts';
import { windows } from './views.ts';

const minute = 60_000;
const accounts = Array.from({ length: 6 }, (_, index) => `team-${index}`);
const startTime = 1_000_000_000;

const step = fc.record({
  account: fc.constantFrom(...accounts),
  endpoint: fc.constantFrom('riders_single' as const, 'signups' as const),
  status: fc.constantFrom(200, 200, 429, undefined),
  settles: fc.boolean(),
  learns: fc.boolean(),
  after: fc.integer({ min: 0, max: 2 * minute }),
  snapshots: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs the steps and returns their journal, with a snapshot part wherever a step has one. */
function run(steps: readonly Step[]) {
  const ledger: Ledger = createLedger(1, settings);
  const entries: JournalEntry[] = [];
  let now = startTime;
  let parts: ReturnType<typeof snapshotParts> | undefined;
  let firstIndex = 0;
  let recoverFrom = 0;
  const take = (...requests: LedgerRequest[]) => {
    const { facts, replies } = takeTurn(ledger, requests, now);
    if (facts.length > 0) entries.push({ entry: 'facts', recoverFrom, facts: [...facts] });
    return replies[0];
  };
  for (const [index, { account, endpoint, status, settles, learns, after, snapshots }] of steps.entries()) {
    const budgetKey = { account, endpoint };
    const granted = take({
      do: 'acquire',
      ...budgetKey,
      ticket: `t${index}`,
      lane: 'rider_sync',
      requestedAt: now,
      offerTo: 'client',
      trace: {},
    });
    if (granted?.answer === 'granted') {
      take({ do: 'start', ...budgetKey, permit: granted.permit, trace: {} });
      const learned = learns ? { learned: { limit: 2, windowMs: 5 * minute } } : {};
      const outcome = { result: status ? 'answered' : 'unanswered', status, ...learned } as const;
      if (settles) take({ do: 'settle', ...budgetKey, permit: granted.permit, outcome });
    }
    now += after;
    if (!snapshots) continue;
    parts ??= snapshotParts(ledger, now);
    const part = parts.next(now);
    if (part.done) {
      recoverFrom = firstIndex;
      parts = undefined;
      firstIndex = 0;
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
    firstIndex ||= entries.length - 1;
  }
  return { entries, now, recoverFrom };
}

/** The parts of a window that the journal must restore; waiting requests are repeated by their clients. */
const durable = ({
  endpoint,
  policy,
  permits,
  available,
  pausedUntil,
  probing,
  unknownUntil,
}: WindowView) => ({
  endpoint,
  policy,
  permits,
  available,
  pausedUntil,
  probing,
  unknownUntil,
});

const durableState = (ledger: Ledger, now: number) =>
  accounts.map((account) => windows(ledger, account, now).windows.map(durable));

describe('a snapshot that is written while the ledger changes', () => {
  it('restores the same ledger as the whole journal', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const { entries, now, recoverFrom } = run(steps);
        const fromStart = restore(entries, 2, settings);
        const fromSnapshot = restore(entries.slice(recoverFrom), 2, settings);
        expect(durableState(fromSnapshot, now)).toEqual(durableState(fromStart, now));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the contract of journal entries', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        for (const entry of run(steps).entries) expect(journalEntry.parse(entry)).toEqual(entry);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a lost journal', () => {
  const lost: JournalEntry = {
    entry: 'facts',
    recoverFrom: 0,
    facts: [
      { fact: 'journal_lost', at: startTime },
      { fact: 'claimed', owner: 'me', at: startTime },
    ],
  };
  const acquire = (ledger: Ledger, now: number, account = 'team-0') =>
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
    ).replies[0];
  const spentUntil =
    startTime +
    settings.sendWithin +
    budgetOf('riders_single').callTimeout +
    settings.guard +
    minute +
    settings.epsilon;

  it('counts every budget as spent until no lost call can count', () => {
    const ledger = restore([lost], 1, settings);
    expect(acquire(ledger, startTime)).toMatchObject({ answer: 'waiting', estimatedAt: spentUntil });
    expect(acquire(ledger, spentUntil - 1)?.answer).toBe('waiting');
    expect(acquire(ledger, spentUntil)?.answer).toBe('granted');
  });

  it('is known to the next owner, even from a snapshot', () => {
    const [budgets = []] = snapshotParts(restore([lost], 1, settings), startTime);
    const snapshot: JournalEntry = {
      entry: 'snapshot',
      recoverFrom: 0,
      owner: 'me',
      at: startTime,
      lostAt: startTime,
      budgets,
    };
    expect(acquire(restore([snapshot], 2, settings), spentUntil - 1, 'team-5')?.answer).toBe('waiting');
  });

  it('allows no probe, since the probe may be among the lost calls', () => {
    const budgetKey = { account: 'team-0', endpoint: 'riders_single' } as const;
    const paused: JournalEntry = {
      entry: 'facts',
      recoverFrom: 0,
      facts: [
        {
          fact: 'paused',
          ...budgetKey,
          by: 'upstream',
          at: startTime - 1,
          until: startTime,
          consecutiveRejections: 1,
        },
      ],
    };
    const ledger = restore([paused, lost], 1, settings);
    expect(acquire(ledger, spentUntil - 1)?.answer).toBe('waiting');
    expect(acquire(ledger, spentUntil)?.answer).toBe('granted');
  });

  it('stops mattering when no lost call can count', () => {
    const ledger = restore([lost], 1, settings);
    const clubs = budgetOf('clubs').policy;
    const clubsUntil =
      startTime +
      settings.sendWithin +
      budgetOf('clubs').callTimeout +
      settings.guard +
      settings.clockLag +
      clubs.windowMs +
      settings.epsilon;
    expect(hasActiveState(ledger, clubsUntil - 1)).toBe(true);
    expect(hasActiveState(ledger, clubsUntil)).toBe(false);
  });

  it('can be written as a snapshot with any window length', () => {
    const budgetKey = { account: 'team-0', endpoint: 'results' } as const;
    const odd: JournalEntry = {
      entry: 'facts',
      recoverFrom: 0,
      facts: [
        {
          fact: 'policy_changed',
          ...budgetKey,
          by: 'upstream',
          at: startTime - 1,
          policy: { limit: 1, windowMs: 60_000.5 },
          unknownUntil: null,
        },
      ],
    };
    const [budgets = []] = snapshotParts(restore([odd, lost], 1, settings), startTime);
    const entry = {
      entry: 'snapshot',
      recoverFrom: 0,
      owner: 'me',
      at: startTime,
      lostAt: startTime,
      budgets,
    };
    expect(journalEntry.safeParse(entry).error).toBeUndefined();
  });

  it('accepts permits with a higher epoch as those of a lost claim', () => {
    const ledger = restore([lost], 1, settings);
    const budgetKey = { account: 'team-0', endpoint: 'riders_single' } as const;
    const turn = takeTurn(ledger, [{ do: 'start', ...budgetKey, permit: '900-1-a', trace: {} }], startTime);
    expect(turn.replies).toEqual([{ answer: 'expired' }]);
  });
});
