import { describe, expect, it } from 'vitest';
import {
  afterPage,
  type AfterPage,
  isReadable,
  startRun,
  callFailed,
  type ClubRun,
  countsOf,
  endRun,
  newPass,
  pageStored,
} from './club-run.ts';

const order = ({ todo }: ClubRun) => todo.map(({ clubId }) => clubId);
const first = (run: ClubRun) => run.todo[0] ?? newPass(0);
const pageOf = (run: ClubRun, next: 'next page' | 'end'): AfterPage => ({
  next,
  pass: { ...first(run), from: 500, startedAt: 1 },
});
const finishClub = (run: ClubRun) => pageStored(run, pageOf(run, 'end'), 120);

describe('a run over the clubs', () => {
  it('fetches them in the configured order, each once', () => {
    expect(order(startRun('r', [3, 1, 2, 1], null))).toEqual([3, 1, 2]);
  });

  it('starts with the clubs that the previous run left', () => {
    const before = pageStored(
      finishClub(startRun('r1', [1, 2, 3], null)),
      {
        next: 'next page',
        pass: { ...newPass(2), from: 500, startedAt: 1 },
      },
      1_000,
    );
    const run = startRun('r2', [1, 2, 3], endRun(before).checkpoint);
    expect(order(run)).toEqual([2, 3, 1]);
    expect(run.todo[0]).toMatchObject({ from: 500, startedAt: 1 });
    expect(run).toMatchObject({ runId: 'r2', synced: 0, failed: 0 });
  });

  it('cycles through the clubs when each run has one call', () => {
    let checkpoint: unknown = null;
    const synced: Array<number | undefined> = [];
    for (let slot = 0; slot < 6; slot += 1) {
      const run = startRun(`r${slot}`, [1, 2, 3], checkpoint);
      synced.push(order(run)[0]);
      checkpoint = endRun(finishClub(run)).checkpoint;
    }
    expect(synced).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('is resumed unchanged from its checkpoint', () => {
    const run = finishClub(startRun('r', [1, 2], null));
    expect(startRun('r', [1, 2], JSON.parse(JSON.stringify(run)))).toEqual(run);
  });

  it('forgets a club that is no longer configured', () => {
    const before = startRun('r1', [1, 2], null);
    expect(order(startRun('r2', [2, 5], before))).toEqual([2, 5]);
  });

  it.each([null, {}, 'x', { runId: 'r', todo: 5 }])(
    'starts from scratch with a checkpoint like %j',
    (checkpoint) => {
      expect(order(startRun('r', [1, 2], checkpoint))).toEqual([1, 2]);
    },
  );

  it('counts a club when its last page is stored, and defers the rest', () => {
    const run = finishClub(startRun('r', [1, 2, 3], null));
    expect(countsOf(run)).toEqual({ planned: 3, synced: 1, failed: 0, deferred: 0, stored: 120 });
    expect(endRun(run)).toMatchObject({
      state: 'done',
      error: null,
      counts: { planned: 3, synced: 1, failed: 0, deferred: 2 },
    });
  });

  it('leaves no checkpoint when nothing is left', () => {
    const run = finishClub(finishClub(startRun('r', [1, 2], null)));
    expect(endRun(run)).toEqual({
      state: 'done',
      error: null,
      counts: { planned: 2, synced: 2, failed: 0, deferred: 0, stored: 240 },
      checkpoint: null,
    });
  });

  it('is done immediately without clubs', () => {
    expect(endRun(startRun('r', [], null))).toMatchObject({ state: 'done', checkpoint: null });
  });
});

describe('a club that fails', () => {
  it('is counted and named, and the run continues with the others', () => {
    const run = finishClub(callFailed(startRun('r', [1, 2], null), 'not_found', 'no such club'));
    expect(endRun(run)).toMatchObject({
      state: 'done',
      error: 'club 1: no such club',
      counts: { planned: 2, synced: 1, failed: 1, deferred: 0 },
      checkpoint: null,
    });
  });

  it('for a transient reason keeps its page for the next run', () => {
    const started = startRun('r', [1, 2], null);
    const second = pageStored(started, pageOf(started, 'next page'), 1_000);
    const { checkpoint } = endRun(finishClub(callFailed(second, 'unavailable', '503')));
    expect(startRun('r2', [1, 2], checkpoint).todo).toMatchObject([
      { clubId: 1, from: 500 },
      { clubId: 2, from: null },
    ]);
  });

  it('fails the run when nothing was stored', () => {
    const run = callFailed(
      callFailed(startRun('r', [1, 2], null), 'timed_out', 'slow'),
      'unreachable',
      'gone',
    );
    expect(endRun(run)).toMatchObject({ state: 'failed', error: 'club 2: gone', counts: { failed: 2 } });
  });

  it('after some of its pages were stored does not fail the run', () => {
    const started = startRun('r', [1], null);
    const run = callFailed(pageStored(started, pageOf(started, 'next page'), 1_000), 'unavailable', '503');
    expect(endRun(run)).toMatchObject({ state: 'done', counts: { synced: 0, failed: 1 } });
  });

  it.each(['unauthorized', 'rate_limited'] as const)(
    'with %s ends the run, as the other clubs would fail too',
    (code) => {
      const run = callFailed(startRun('r', [1, 2], null), code, 'no');
      expect(run.stopped).toBe(true);
      expect(endRun(run)).toMatchObject({ state: 'failed', counts: { planned: 2, failed: 1, deferred: 1 } });
      expect(order(startRun('r2', [1, 2], endRun(run).checkpoint))).toEqual([2, 1]);
    },
  );

  it('is one whose page does not move the cursor', () => {
    const run = pageStored(startRun('r', [1, 2], null), { next: 'same page' }, 3);
    expect(run).toMatchObject({ failed: 1, error: 'club 1: upstream returned the same page again' });
    expect(order(run)).toEqual([2]);
  });
});

const page = (...ids: number[]) => ({ length: ids.length, ids, requestedAt: 100, members: [] as number[] });

describe('a pass over a club', () => {
  it('continues one past the highest id of a full page, whatever its order', () => {
    expect(afterPage(newPass(7), page(10, 30, 20), 3)).toEqual({
      next: 'next page',
      pass: { ...newPass(7), from: 31, startedAt: 100 },
    });
  });

  it('keeps the time of its first page', () => {
    const pass = { ...newPass(7), from: 31, startedAt: 5 };
    expect(afterPage(pass, page(31, 40, 50), 3)).toMatchObject({ pass: { startedAt: 5, from: 51 } });
  });

  it.each([
    ['a page that is not full', page(31)],
    ['an empty page', page()],
  ])('ends with %s', (_, last) => {
    expect(afterPage({ ...newPass(7), from: 31, startedAt: 5 }, last, 3).next).toBe('end');
  });

  it('stays at the same page when a full page does not move the cursor', () => {
    expect(afterPage({ ...newPass(7), from: 31 }, page(10, 20, 30), 3).next).toBe('same page');
    expect(afterPage(newPass(7), { ...page(), length: 3 }, 3).next).toBe('same page');
  });

  const members = [1, 2, 3, 4, 5, 6, 7, 8, 9];

  it.each([
    ['is empty', page(), true],
    ['has fewer than half of the members', page(1, 2, 3, 4), true],
    ['has most of the members', page(1, 2, 3, 4, 5), false],
    ['has other riders in their place', page(101, 102, 103, 104, 105, 106), true],
  ])('has collapsed when its only page %s', (_, only, hasCollapsed) => {
    expect(afterPage(newPass(7), { ...only, members }, 1_000)).toMatchObject({
      next: 'end',
      pass: { hasCollapsed, known: 9 },
    });
  });

  it('resumes from a readable checkpoint only', () => {
    expect(isReadable(null)).toBe(true);
    expect(isReadable(JSON.parse(JSON.stringify(startRun('r', [1, 2], null))))).toBe(true);
    expect(isReadable({ runId: 'r', todo: 'all' })).toBe(false);
    expect(order(startRun('r', [1, 2], { runId: 'r', todo: 'all' }))).toEqual([1, 2]);
  });

  it('of four members has collapsed when three of them are missing', () => {
    const four = [1, 2, 3, 4];
    const hasCollapsed = (...listed: number[]) =>
      afterPage(newPass(7), { ...page(...listed), members: four }, 1_000);
    expect(hasCollapsed(1)).toMatchObject({ pass: { hasCollapsed: true } });
    expect(hasCollapsed(1, 2)).toMatchObject({ pass: { hasCollapsed: false } });
  });

  it('has collapsed when a later page comes back short', () => {
    const first = afterPage(newPass(7), { ...page(1, 2, 3, 4, 5, 6), members }, 6);
    expect(first).toMatchObject({ next: 'next page', pass: { hasCollapsed: false, known: 6, present: 6 } });
    if (first.next !== 'next page') throw new Error('no pass');
    expect(afterPage(first.pass, { ...page(), members }, 6)).toMatchObject({
      next: 'end',
      pass: { hasCollapsed: true, known: 9, present: 6 },
    });
  });

  it('in doubt counts as failed, with the numbers, and the run goes on', () => {
    const ended = afterPage(newPass(1), { ...page(), members }, 1_000);
    const run = pageStored(startRun('r', [1, 2], null), ended, 0, true);
    expect(run).toMatchObject({
      synced: 0,
      failed: 1,
      error:
        'club 1: the response has 0 of 9 stored members; they are kept until another response confirms it',
    });
    expect(order(run)).toEqual([2]);
  });

  it('remembers that a rider had no readable id', () => {
    const first = afterPage(newPass(7), { ...page(1, 2), length: 3 }, 3);
    expect(first).toMatchObject({ next: 'next page', pass: { seesAll: false } });
    if (first.next !== 'next page') throw new Error('no pass');
    expect(afterPage(first.pass, page(5), 3)).toMatchObject({ next: 'end', pass: { seesAll: false } });
  });
});
