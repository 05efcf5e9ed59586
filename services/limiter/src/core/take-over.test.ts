import type { Fact, JournalEntry } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import { hasGap, longestCount, type RecordedCall, restore, snapshotParts, takeOver } from './recovery.ts';
import { budgetOf, settings } from './testing.ts';
import { takeTurn } from './turn.ts';
import { windows } from './views.ts';

const minute = 60_000;
const at = 1_000_000_000;
const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
/** The longest time from a call's record to its arrival. */
const delay = settings.sendWithin + budgetOf('riders_single').callTimeout + settings.guard;
const counts = minute + settings.epsilon;

const recorded = (permit: string, call: Partial<RecordedCall> = {}): RecordedCall => ({
  ...budgetKey,
  permit,
  lane: 'rider_sync',
  age: 10_000,
  endedAge: 9_000,
  status: 200,
  ...call,
});
const factsOf = (...facts: Fact[]): JournalEntry[] =>
  facts.map((fact) => ({ entry: 'facts', recoverFrom: 0, facts: [fact] }));
const started = (permit: string, startedAt: number): Fact => ({
  fact: 'started',
  ...budgetKey,
  interval: { permit, lane: 'rider_sync', startedAt, arrivesBy: startedAt + delay, settled: false },
  requestedAt: startedAt,
  firstEstimate: null,
});

function takenOver(entries: readonly JournalEntry[], calls: readonly RecordedCall[], isLost = false) {
  const ledger = restore(entries, 1, settings);
  const facts = takeOver(ledger, { owner: 'me', at, isLost, calls });
  return { ledger, facts, restored: facts.filter(({ fact }) => fact === 'call_restored') };
}
const windowOf = (ledger: Ledger, now = at) =>
  windows(ledger, 'team', now).windows.find(({ endpoint }) => endpoint === budgetKey.endpoint);
const leavesAt = (call: Partial<RecordedCall>) =>
  windowOf(takenOver([], [recorded('a', call)]).ledger)?.permits[0]?.leavesAt;

describe('a recorded call that the journal lacks', () => {
  it('counts from its end, if that is recorded', () => {
    expect(leavesAt({ age: 10_000, endedAge: 9_000 })).toBe(at - 9_000 + counts);
  });

  it('without an answer can arrive until the guard has passed', () => {
    expect(leavesAt({ endedAge: 9_000, status: null })).toBe(at - 9_000 + settings.guard + counts);
  });

  it('without an end can arrive as late as any call', () => {
    expect(leavesAt({ endedAge: null, status: null })).toBe(at - 10_000 + delay + counts);
  });

  it('never counts for longer than without an end', () => {
    expect(leavesAt({ age: 2 * delay, endedAge: 0 })).toBe(at - 2 * delay + delay + counts);
  });

  it('that no longer counts is left alone', () => {
    const call = recorded('a', { age: 2 * minute + delay, endedAge: counts });
    expect(takenOver([], [call]).facts).toEqual([{ fact: 'claimed', owner: 'me', at }]);
  });

  it('can still be settled by its client, with what its answer taught', () => {
    const { ledger } = takenOver([], [recorded('1-1-a')]);
    const learned = { limit: 1, windowMs: 5 * minute };
    const outcome = { result: 'answered', status: 429, retryAfterMs: 20_000, learned } as const;
    takeTurn(ledger, [{ do: 'settle', ...budgetKey, permit: '1-1-a', outcome }], at);
    expect(windowOf(ledger)?.policy).toMatchObject(learned);
  });

  it('closes its budget for a window if it was answered with 429', () => {
    const { ledger } = takenOver([], [recorded('a', { status: 429 })]);
    expect(windowOf(ledger)?.pausedUntil.upstream).toBe(at - 9_000 + minute);
  });
});

describe('a recorded call that the journal has', () => {
  it('does not count twice', () => {
    expect(takenOver(factsOf(started('a', at - 10_000)), [recorded('a')]).restored).toEqual([]);
  });

  it('does not count again after a change of policy that has forgotten it', () => {
    const changed = (policy: { limit: number; windowMs: number } | null, when: number): Fact => ({
      fact: 'policy_changed',
      ...budgetKey,
      by: 'operator',
      at: when,
      policy,
      unknownUntil: policy ? null : at + minute,
    });
    const entries = factsOf(
      changed({ limit: 5, windowMs: 1_000 }, at - minute),
      started('a', at - 50_000),
      {
        fact: 'settled',
        ...budgetKey,
        permit: 'a',
        arrivesBy: at - 49_000,
        outcome: { result: 'answered', status: 200 },
        at: at - 49_000,
      },
      changed(null, at - 20_000),
    );
    expect(takenOver(entries, [recorded('a', { age: 50_000, endedAge: 49_000 })]).restored).toEqual([]);
  });

  it('does not look lost because a snapshot was written just after it had stopped counting', () => {
    const ledger = restore(factsOf(started('a', at - 10_000)), 1, settings);
    const written = at - 10_000 + delay + counts + 1;
    const [budgets = []] = snapshotParts(ledger, written);
    const snapshot: JournalEntry = {
      entry: 'snapshot',
      recoverFrom: 0,
      owner: 'me',
      at: written,
      lostAt: null,
      budgets,
    };
    expect(takenOver([snapshot], [recorded('a', { endedAge: null, status: null })]).restored).toEqual([]);
  });
});

describe('a journal that has lost more than calls', () => {
  it('counts every budget as spent, with no probe and no call of its own', () => {
    const { ledger, facts } = takenOver([], [recorded('a', { status: 429 })], true);
    expect(facts.map(({ fact }) => fact)).toEqual(['journal_lost', 'claimed']);
    expect(windowOf(ledger)).toMatchObject({ available: 0, probing: false });
    expect(windowOf(ledger)?.unknownUntil).toBeGreaterThanOrEqual(at + delay + minute);
  });
});

describe('how far back calls can count', () => {
  it('follows the longest window in force', () => {
    const windowMs = 3 * 24 * 60 * minute;
    const policy: Fact = {
      fact: 'policy_changed',
      ...budgetKey,
      by: 'operator',
      at,
      policy: { limit: 1, windowMs },
      unknownUntil: null,
    };
    expect(longestCount(restore(factsOf(policy), 1, settings))).toBeGreaterThan(windowMs + delay);
  });
});

describe('a gap in the journal', () => {
  const claim: Fact = { fact: 'claimed', owner: 'me', at };
  const stored = (sequence: number, previous: number | undefined, after?: number, ...facts: Fact[]) => ({
    sequence,
    after,
    entry: { entry: 'facts' as const, recoverFrom: 0, previous, facts: facts.length > 0 ? facts : [claim] },
  });

  it.each([
    ['between entries', [stored(1, 0), stored(5, 3, 1)], 0, true],
    ['before the first entry', [stored(5, 3)], 0, true],
    ['where recovery starts', [stored(7, 5)], 6, true],
    ['no', [stored(1, 0), stored(5, 1, 1)], 0, false],
    ['none before a snapshot', [stored(6, 4), stored(7, 6, 6)], 6, false],
    ['none after a message of another program', [stored(4, 3, 3)], 0, false],
    ['none in entries of an older version', [stored(1, undefined), stored(5, undefined, 1)], 0, false],
  ])('is noticed: %s', (_, needed, recoverFrom, expected) => {
    expect(hasGap(needed, recoverFrom)).toBe(expected);
  });

  it('that an owner has counted as a loss is not counted again', () => {
    const loss: Fact = { fact: 'journal_lost', at };
    const needed = [stored(1, 0), stored(5, 3, 1), stored(6, 5, 5, loss, claim), stored(7, 6, 6)];
    expect(hasGap(needed, 0)).toBe(false);
  });
});
