import { describe, expect, it } from 'vitest';
import { afterPage, newPass } from './pass.ts';

const page = (...ids: number[]) => ({ length: ids.length, ids, askedAt: 100 });

describe('a pass over a club', () => {
  it('goes on one past the last rider of a full page, whatever its order', () => {
    expect(afterPage(newPass(7), page(10, 30, 20), 3)).toEqual({
      at: 'next page',
      pass: { clubId: 7, from: 31, startedAt: 100, seesAll: true },
    });
  });

  it('keeps the time at which its first page was asked for', () => {
    const pass = { ...newPass(7), from: 31, startedAt: 5 };
    expect(afterPage(pass, page(31, 40, 50), 3)).toMatchObject({ pass: { startedAt: 5, from: 51 } });
  });

  it.each([
    ['a page that is not full', page(31)],
    ['an empty page', page()],
  ])('is at its end with %s', (_, last) => {
    expect(afterPage({ ...newPass(7), from: 31, startedAt: 5 }, last, 3).at).toBe('end');
  });

  it('stands still when a full page leads nowhere', () => {
    expect(afterPage({ ...newPass(7), from: 31 }, page(10, 20, 30), 3).at).toBe('same page');
    expect(afterPage(newPass(7), { length: 3, ids: [], askedAt: 0 }, 3).at).toBe('same page');
  });

  it('does not see all once a rider could not be told apart, and never again', () => {
    const first = afterPage(newPass(7), { ...page(1, 2), length: 3 }, 3);
    expect(first).toMatchObject({ at: 'next page', pass: { seesAll: false } });
    if (first.at !== 'next page') throw new Error('no pass');
    expect(afterPage(first.pass, page(5), 3)).toMatchObject({ at: 'end', pass: { seesAll: false } });
  });
});
