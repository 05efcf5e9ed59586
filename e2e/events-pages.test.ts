import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from './testing/accessibility.ts';
import { openBrowser, showPage } from './testing/browser.ts';

/** An hour of the evening is a real minute, until the first races have results. */
const scale = 60;
/** Enough calls to copy each event several times before its start, so that withdrawals are seen. */
const signupsLimit = { limit: 5, windowSeconds: 60 };
const wide = { width: 1280, height: 800 };
const sizes = [wide, { width: 390, height: 844 }, { width: 320, height: 640 }];

let stack: TestStack;
let browser: Browser;
let page: Page;
const browserErrors: string[] = [];

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([
    // All clubs of the sandbox are ours, so that many events have our riders.
    startTestStack(oneEvening(scale), {
      ZWIFTRACING_TIER: 'premium',
      ZWIFTRACING_CLUB_IDS: '20650,20651,20652',
      SYNC_RESULTS: 'on',
      SANDBOX_POLICIES: JSON.stringify({ signups: { limit: signupsLimit.limit, windowMs: 60_000 } }),
    }),
    openBrowser(),
  ]);
  const body = signupsLimit;
  await stack.api.call('PUT /v1/budgets/{budget}/policy', { path: { budget: 'signups' }, body });
  page = await browser.newPage({ viewport: wide });
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => browserErrors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && browserErrors.push(message.text()));
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
afterEach(() => {
  if (browserErrors.length > 0) throw new Error(`Browser errors: ${browserErrors.splice(0).join('; ')}`);
});

const show = (path: string) => showPage(page, `${stack.apiUrl}/#/${path}`);
const ownEvents = async (when: 'upcoming' | 'past') =>
  (await stack.api.call('GET /v1/events', { query: { when, ours: true, limit: 500 } })).items;
const region = (name: string) => page.getByRole('region', { name, exact: true });
const riderIn = (name: string, riderId: number) =>
  region(name)
    .getByRole('row')
    .filter({ has: page.locator(`a[href="#/riders/${riderId}"]`) });

/** An event that has started without one of our riders, and that rider's signup. */
const findWithdrawal = () =>
  eventually(async () => {
    for (const event of await ownEvents('past')) {
      const query = { ours: true, withdrawn: true, limit: 1 };
      const path = { eventId: event.eventId };
      const { items } = await stack.api.call('GET /v1/events/{eventId}/signups', { path, query });
      if (items[0]) return { event, left: items[0] };
    }
    throw new Error('none of our riders has withdrawn yet');
  });

describe('a captain', () => {
  it('finds the next event with our riders at the top of the list, and our riders by name in it', async () => {
    await show('events');
    const first = page.locator('[data-event]').first();
    const event = await eventually(async () => {
      const [next] = await ownEvents('upcoming');
      if (!next) throw new Error('no event with our riders yet');
      expect(await first.getAttribute('data-event', { timeout: 1_000 })).toBe(next.eventId);
      expect(await first.innerText({ timeout: 1_000 })).toMatch(/in \d+ min[^]*\d+ of ours/);
      return next;
    });
    await page.locator(`[data-event="${event.eventId}"]`).getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: event.title }).waitFor();
    await eventually(async () => {
      const path = { eventId: event.eventId };
      const ours = await stack.api.all('GET /v1/events/{eventId}/signups', { path, query: { ours: true } });
      const named = await region('Our riders').getByRole('link').allInnerTexts();
      expect(named.length).toBeGreaterThan(0);
      expect(named.toSorted()).toEqual(ours.map(({ name }) => name).toSorted());
    });
  });

  it('searches an event by its title, and sees in it who withdrew and when', async () => {
    const { event, left } = await findWithdrawal();
    await show('events?when=past');
    await page.getByRole('searchbox', { name: 'Title' }).fill(event.title);
    await page.locator(`[data-event="${event.eventId}"]`).getByRole('link').click();
    await page.getByRole('button', { name: 'Our riders' }).click();
    const row = riderIn('Withdrew', left.riderId);
    await row.getByText('ours').waitFor();
    expect(await row.locator('time').getAttribute('datetime')).toBe(left.withdrawnAt);
    expect(await riderIn('Start list', left.riderId).count()).toBe(0);
  });

  it('sees the results: finishers by place, then riders who did not finish, ours marked', async () => {
    const resultsOf = (eventId: string) =>
      stack.api.all('GET /v1/events/{eventId}/results', { path: { eventId } });
    const { eventId } = await eventually(async () => {
      for (const event of await ownEvents('past'))
        if ((await resultsOf(event.eventId)).some(({ finished }) => !finished)) return event;
      throw new Error('no results with a rider who did not finish yet');
    });
    await show(`events/${eventId}`);
    const shown = region('Results');
    // They can be fetched again meanwhile.
    await eventually(async () => {
      const results = await resultsOf(eventId);
      expect(await shown.locator('tbody tr').count()).toBe(results.length);
      expect(await shown.locator('.mark').count()).toBe(results.filter(({ ours }) => ours).length);
    });
    for (const pen of await shown.locator('tbody').all()) {
      const places = await pen.locator('td:first-child').allInnerTexts();
      const order = places.map((place) => (place === 'DNF' ? Number.POSITIVE_INFINITY : Number(place)));
      expect(order).toEqual(order.toSorted((one, other) => one - other));
    }
  });
});

it('a sync that is started on the page shows its progress', async () => {
  const path = { kind: 'near' } as const;
  // No slot of its own opens meanwhile.
  await stack.api.call('PUT /v1/syncs/{kind}/pause', { path, body: { forSeconds: 86_400 } });
  await show('events');
  const near = page.locator('[data-sync=near]');
  await near.and(page.locator(':not([data-state=running])')).waitFor();
  await near.getByRole('button').click();
  await near.and(page.locator('[data-state=running]')).waitFor();
  const announced = page.locator('[data-announcements]');
  await eventually(async () => expect(await announced.innerText()).toBe('Near sync requested'));
  await stack.api.call('DELETE /v1/syncs/{kind}/pause', { path });
});

it.each(sizes)('has no accessibility violations at $width px, light and dark', async (viewport) => {
  await page.setViewportSize(viewport);
  const { event } = await findWithdrawal();
  for (const hash of ['events?show=all', 'events?when=past', `events/${event.eventId}`]) {
    await show(hash);
    expect(await problemsOf(page), hash).toEqual([]);
  }
});
