import type { Rider } from '@paceline/client';
import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { createClock } from '@paceline/shared/clock';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from './testing/accessibility.ts';
import { openBrowser, showPage } from './testing/browser.ts';
import { plantHistory } from './testing/history.ts';

const clock = oneEvening(12);

let stack: TestStack;
let browser: Browser;
let page: Page;
/** A member of a club with a rating. */
let rider: Rider;
const browserErrors: string[] = [];

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([
    startTestStack(clock, { SANDBOX_QUIRKS: 'escaped-names' }),
    openBrowser(),
  ]);
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => browserErrors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && browserErrors.push(message.text()));
  rider = await eventually(async () => {
    const { items } = await stack.api.call('GET /v1/riders', { query: { sort: 'rating', order: 'desc' } });
    const rated = items.find(({ rating, club }) => rating !== null && club !== null);
    if (!rated) throw new Error('no rider is stored yet');
    return rated;
  });
  await plantHistory(stack, createClock(clock).now());
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
afterEach(() => {
  if (browserErrors.length > 0) throw new Error(`Browser errors: ${browserErrors.splice(0).join('; ')}`);
});

const show = (path: string) => showPage(page, `${stack.apiUrl}/#/${path}`);
const rows = () => page.getByRole('table', { name: 'Riders' }).locator('tbody tr');
const row = () => rows().filter({ has: page.locator(`a[href="#/riders/${rider.riderId}"]`) });
const announced = () => page.locator('[data-announcements]').innerText();
/** Keeps requests about riders waiting, for project seconds. */
const pauseRiderCalls = (forSeconds: number) =>
  Promise.all(
    (['riders_single', 'riders_bulk'] as const).map((budget) =>
      stack.api.call('PUT /v1/budgets/{budget}/pause', { path: { budget }, body: { forSeconds } }),
    ),
  );
const resumeRiderCalls = () =>
  Promise.all(
    (['riders_single', 'riders_bulk'] as const).map((budget) =>
      stack.api.call('DELETE /v1/budgets/{budget}/pause', { path: { budget } }),
    ),
  );

describe('a captain', () => {
  it('finds a rider by part of a name, sees the trend, refreshes it and watches it arrive', async () => {
    await show('riders');
    const part = rider.name.slice(1, -1).toUpperCase();
    await page.getByLabel('Name', { exact: true }).pressSequentially(part);
    await eventually(async () => expect(await rows().count()).toBeLessThan(5));
    await row()
      .getByRole('img', { name: /^Rating in 90 days: \d+ to \d+$/ })
      .waitFor();
    expect(new URLSearchParams(page.url().split('?')[1]).get('q')).toBe(part);

    const copiedAt = () => row().locator('time').getAttribute('datetime');
    const before = await copiedAt();
    await pauseRiderCalls(240);
    await row()
      .getByRole('button', { name: `Refresh ${rider.name}` })
      .click();
    await row().getByText('Paused by an operator').waitFor();
    await resumeRiderCalls();
    await eventually(async () => expect(await copiedAt()).not.toBe(before));
    await eventually(async () => expect(await announced()).toBe(`${rider.name} is refreshed`));
  });

  it('sorts the riders by a number, and the address keeps what is shown', async () => {
    await show('riders');
    await page.getByRole('button', { name: 'Rating', exact: true }).click();
    const { items } = await stack.api.call('GET /v1/riders', { query: { sort: 'rating', order: 'desc' } });
    await eventually(async () => {
      const first = await rows().first().getByRole('link').first().getAttribute('href');
      expect(first).toBe(`#/riders/${items[0]?.riderId}`);
    });
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    await page.reload();
    await page.locator('th[aria-sort=descending]').getByText('Rating').waitFor();
  });

  it('sees the history of a rider as plots and as tables', async () => {
    await show(`riders/${rider.riderId}`);
    await page.getByRole('heading', { level: 1, name: rider.name }).waitFor();
    await eventually(async () => expect(await page.locator('.plot canvas').count()).toBe(3));
    const history = await stack.api.all('GET /v1/riders/{riderId}/history', { path: rider });
    const ratings = history.flatMap(({ rating }) => (rating === null ? [] : [Math.round(rating)]));
    const changes = ratings.filter((rating, index) => rating !== ratings[index + 1]);
    const table = page.getByRole('table', { name: 'Rating, newest first' });
    await eventually(async () =>
      expect(await table.locator('tbody td.number').allInnerTexts()).toEqual(changes.map(String)),
    );
    await page.getByRole('button', { name: '365 days' }).click();
    expect(await page.getByRole('button', { name: '365 days' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('region', { name: 'Requests' }).getByText('Added').waitFor();
  });

  it('cancels a request that waits', async () => {
    await pauseRiderCalls(240);
    await show('requests');
    await page.getByLabel('Rider id', { exact: true }).fill('4900777');
    await page.getByRole('button', { name: 'Add rider' }).click();
    const waiting = page.locator('.tracked').filter({ hasText: 'Rider 4900777' });
    await waiting.getByRole('button', { name: 'Cancel Rider 4900777' }).click();
    await eventually(async () => expect(await waiting.getAttribute('data-state')).toBe('cancelled'));
    await resumeRiderCalls();
  });

  it('sees the members of a club and when they are fetched again', async () => {
    await show('clubs');
    const { items } = await stack.api.call('GET /v1/clubs');
    const [club] = items;
    if (!club) throw new Error('no club is stored');
    await page.getByRole('link', { name: club.name }).click();
    await page.getByRole('heading', { level: 1, name: club.name }).waitFor();
    await page.getByText(/next refresh in \d+/).waitFor();
    // A sync can change them meanwhile.
    await eventually(async () => {
      const { members } = await stack.api.call('GET /v1/clubs/{clubId}', { path: club });
      expect(await page.locator('main').innerText()).toContain(`${members} members`);
      expect(await page.locator('tbody tr').count()).toBe(Math.min(members, 500));
    });
  });
});

it('on a phone a rider is a card of a few lines, and a step of the list is short', async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.reload();
  await show('riders');
  await rows().first().waitFor();
  expect(await rows().count()).toBe(25);
  const heights = await rows().evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
  expect(Math.max(...heights)).toBeLessThan(140);
  await page.getByRole('button', { name: 'Reverse order' }).click();
  await eventually(() => expect(page.url()).toMatch(/[?&]sort=name&order=desc$/));
});

describe.each([1_280, 390, 320])('on a screen of %d px', (width) => {
  it.each(['riders', 'rider', 'clubs', 'club', 'requests'])(
    'the page %s is accessible, light and dark, and not wider',
    async (name) => {
      const paths: Record<string, string> = {
        rider: `riders/${rider.riderId}`,
        club: `clubs/${rider.club?.clubId}`,
      };
      await page.setViewportSize({ width, height: 800 });
      await show(paths[name] ?? name);
      expect(await problemsOf(page)).toEqual([]);
    },
  );
});
