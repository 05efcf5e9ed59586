import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from './testing/accessibility.ts';
import { openBrowser } from './testing/browser.ts';
import { routesOf } from './testing/routes.ts';

const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 320, height: 640 } };

let stack: TestStack;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  const upstreams = { UPSTREAMS: 'zwiftracing,strava', API_UPSTREAMS: 'zwiftracing,strava' };
  [stack, browser] = await Promise.all([startTestStack(oneEvening(12), upstreams), openBrowser()]);
  page = await browser.newPage({ reducedMotion: 'reduce' });
  page.setDefaultTimeout(120_000);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const show = async (route: string) => {
  await page.goto('about:blank');
  await page.goto(`${stack.apiUrl}/${route}`);
  await page.locator('h1').waitFor();
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
};
const focused = () => page.locator(':focus').evaluate((element) => element.textContent);
const heading = () => page.locator('h1').innerText();

describe('the menu on a narrow screen', () => {
  const menu = () => page.getByRole('button', { name: /^Menu/ });
  const links = () => page.getByRole('navigation').getByRole('link');

  it('is opened and closed by the keyboard, which keeps the focus', async () => {
    await page.setViewportSize(sizes.narrow);
    await show('#/windows');
    expect(await links().count()).toBe(0);
    await menu().focus();
    await page.keyboard.press('Enter');
    await links().first().waitFor();
    const all = await links().count();
    for (let tabs = 0; tabs < all; tabs += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe('API');
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await links().count()).toBe(0));
    expect(await focused()).toMatch(/^Menu/);
  });

  it('closes when a page is chosen, whose heading gets the focus', async () => {
    await page.keyboard.press('Enter');
    await links().filter({ hasText: 'Queue' }).focus();
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await focused()).toBe('Queue'));
    expect(await links().count()).toBe(0);
  });
});

it('an address with broken escapes has no page, and the menu still works', async () => {
  await page.setViewportSize(sizes.wide);
  await show('#/%');
  expect(await heading()).toBe('Page not found');
  await page.getByRole('link', { name: 'Alerts' }).click();
  await eventually(async () => expect(await heading()).toBe('Alerts'));
});

it('a page whose script does not load says so, and can be loaded again', async () => {
  await page.route('**/assets/DayPage-*.js', (route) => route.abort());
  await show('#/day');
  expect(await page.getByRole('alert').innerText()).toContain('This page could not be loaded.');
  await page.unroute('**/assets/DayPage-*.js');
  await page.getByRole('button', { name: 'Reload' }).click();
  await eventually(async () => expect(await page.getByText('in the last 24 hours').count()).toBe(1));
});

it('a call through the door is in the strip of each budget in which it counts', async () => {
  const { status } = await fetch(`${stack.apiUrl}/upstream/strava/athlete`);
  expect(status).toBe(200);
  await show('#/day');
  const labels = ['All calls, 15 min', 'All calls, day', 'Reads, 15 min', 'Reads, day'];
  for (const label of labels) {
    const strip = page.locator('[data-strip^="strava:"]').filter({ hasText: `Strava: ${label}` });
    // Its background, and the call.
    await eventually(async () => expect(await strip.locator('rect').count()).toBe(2));
  }
});

/** Once there is a rider, an event, a club and a run. */
const routes = () =>
  eventually(async () => {
    const found = await routesOf(page, stack.api);
    for (const list of ['riders', 'events', 'clubs', 'runs'])
      expect(found).toContainEqual(expect.stringMatching(`^#/${list}/`));
    return found;
  });

it.each(Object.keys(sizes) as (keyof typeof sizes)[])(
  'no page has violations or is wider than the screen, %s, light and dark',
  async (size) => {
    await page.setViewportSize(sizes[size]);
    for (const route of await routes()) {
      await show(route);
      expect(await problemsOf(page), route).toEqual([]);
    }
  },
);

it('every page has a heading and a document title of its own', async () => {
  const titles: string[] = [];
  for (const route of await routes()) {
    await show(route);
    const title = await eventually(async () => {
      const shown = await page.title();
      expect(shown).toBe(`${await heading()} · Paceline`);
      return shown;
    });
    titles.push(title);
  }
  expect(new Set(titles).size).toBe(titles.length);
});
