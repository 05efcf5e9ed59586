import type { Event } from '@paceline/client';
import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from './testing/accessibility.ts';
import { openBrowser } from './testing/browser.ts';

/** An hour of the evening in a real minute, until results of its first races are there. */
const scale = 60;
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
    }),
    openBrowser(),
  ]);
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

const show = async (hash: string) => {
  await page.goto(`${stack.apiUrl}/#/${hash}`);
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
};
const eventsOfOurs = async () =>
  (await stack.api.call('GET /v1/events', { query: { when: 'all', ours: true, limit: 500 } })).items;
const signupsOf = ({ eventId }: Event) =>
  stack.api.all('GET /v1/events/{eventId}/signups', { path: { eventId } });
const region = (name: string) => page.getByRole('region', { name, exact: true });

/** An event that one of our riders has left, and that rider's signup. */
const findWithdrawal = () =>
  eventually(async () => {
    for (const event of await eventsOfOurs()) {
      const left = (await signupsOf(event)).find(({ ours, withdrawn }) => ours && withdrawn);
      if (left) return { event, left };
    }
    throw new Error('none of our riders has withdrawn yet');
  });

describe('a captain', () => {
  it('finds the next event with our riders at the top of the list, and our riders by name in it', async () => {
    await show('events');
    const first = page.locator('[data-event]').first();
    const event = await eventually(async () => {
      const { items } = await stack.api.call('GET /v1/events', { query: { ours: true } });
      const [next] = items;
      if (!next) throw new Error('no event with our riders yet');
      expect(await first.getAttribute('data-event')).toBe(next.eventId);
      return next;
    });
    expect(await first.innerText()).toMatch(/in \d+ (s|min|h)/);
    expect(await first.innerText()).toMatch(/\d+ riders? of ours/);
    await first.getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: event.title }).waitFor();
    const ours = (await signupsOf(event)).filter((signup) => signup.ours);
    await eventually(async () => {
      const named = await region('Our riders').getByRole('link').allInnerTexts();
      expect(named.toSorted()).toEqual(ours.map(({ name }) => name).toSorted());
    });
  });

  it('searches an event by its title, and sees in it who withdrew and when', async () => {
    const { event, left } = await findWithdrawal();
    await show(`events?show=all${Date.parse(event.startsAt) < (await now()) ? '&when=past' : ''}`);
    await page.getByRole('searchbox', { name: 'Title' }).fill(event.title);
    await page.locator(`[data-event="${event.eventId}"]`).getByRole('link').click();
    const row = region('Withdrew').getByRole('row').filter({ hasText: left.name });
    await row.getByText('ours').waitFor();
    expect(await row.getByRole('cell').first().locator('time').getAttribute('datetime')).toBe(
      left.withdrawnAt,
    );
    const isListed = await region('Start list').getByText(left.name, { exact: true }).count();
    expect(isListed).toBe(0);
  });

  it('sees the results with finishers by place and then riders who did not finish', async () => {
    const { event, results } = await eventually(async () => {
      for (const each of await eventsOfOurs()) {
        const path = { eventId: each.eventId };
        const found = await stack.api.all('GET /v1/events/{eventId}/results', { path });
        if (found.some(({ finished }) => !finished)) return { event: each, results: found };
      }
      throw new Error('no results with a rider who did not finish yet');
    });
    await show(`events/${event.eventId}`);
    const rows = region('Results').locator('tbody tr');
    await rows.first().waitFor();
    const shown = await rows.locator('td:nth-child(2) a').allInnerTexts();
    expect(shown).toEqual(results.map(({ name }) => name));
    for (const place of await region('Results').locator('tbody').all()) {
      const places = await place.locator('td:first-child').allInnerTexts();
      const dnf = places.indexOf('DNF');
      expect(places.slice(dnf === -1 ? places.length : dnf).every((text) => text === 'DNF')).toBe(true);
    }
  });
});

it('a sync that is started on the page shows its progress', async () => {
  await show('events');
  const near = page.locator('[data-sync=near]');
  await eventually(async () => expect(await near.getAttribute('data-state')).not.toBe('running'));
  const { items } = await stack.api.call('GET /v1/runs', { query: { kind: 'near' } });
  const known = new Set(items.map(({ runId }) => runId));
  await near.getByRole('button').click();
  await eventually(async () => {
    const [link] = await near.getByRole('link').all();
    const runId = (await link?.getAttribute('href'))?.split('/').at(-1) ?? '';
    expect(runId).not.toBe('');
    expect(known.has(runId)).toBe(false);
  });
});

it.each(sizes)('has no accessibility violations at $width px, light and dark', async (viewport) => {
  await page.setViewportSize(viewport);
  const { event } = await findWithdrawal();
  for (const hash of ['events', 'events?show=all', 'events?when=past', `events/${event.eventId}`]) {
    await show(hash);
    expect(await problemsOf(page), hash).toEqual([]);
  }
});

const now = async () => Date.parse((await stack.api.call('GET /v1/clock')).now);
