import { ensureBuilt } from '@paceline/dashboard/build';
import { exampleRoster } from '@paceline/client/testing/roster';
import { openBrowser } from './testing/browser.ts';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const token = 'a-token-for-the-dashboard';
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

let stack: TestStack;
let browser: Browser;
let page: Page;
/** Errors in the browser: failed scripts and violations of the content security policy. */
const browserErrors: string[] = [];

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([startTestStack(oneEvening(12), { API_TOKEN: token }), openBrowser()]);
  page = await browser.newPage({ viewport: sizes.wide });
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => browserErrors.push(error.message));
  page.on('console', (message) => {
    // One test stops the API, so failed requests are expected.
    const expected = /net::ERR_|status of 503/;
    if (message.type() === 'error' && !expected.test(message.text())) browserErrors.push(message.text());
  });
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
afterEach(() => {
  if (browserErrors.length > 0) throw new Error(`Browser errors: ${browserErrors.splice(0).join('; ')}`);
});

const show = async (view: string) => {
  await page.goto(`${stack.apiUrl}/#/${view}`);
  await page.locator(`nav a[aria-current][href="#/${view}"]`).waitFor();
  await page.getByText('Loading …').waitFor({ state: 'detached' });
};
const addRider = async (riderId: string) => {
  await page.getByLabel('Rider id', { exact: true }).fill(riderId);
  await page.getByRole('button', { name: 'Add rider' }).click();
};
const tracked = (riderId: number) => page.locator('.tracked').filter({ hasText: `Rider ${riderId}` });

it('the page asks for the API token once', async () => {
  await page.goto(stack.apiUrl);
  await page.getByLabel('Token', { exact: true }).fill('a-wrong-one-of-enough-length');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Token not accepted').waitFor();
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('[data-budget]').first().waitFor();
  browserErrors.splice(0);
  await page.reload();
  await page.locator('[data-budget]').first().waitFor();
  expect(await page.getByLabel('Token', { exact: true }).count()).toBe(0);
});

describe('a service that is killed', () => {
  it('is named at the head of every page until it is back, and what it knew is unknown', async () => {
    const limiter = stack.processes.get('limiter');
    const banner = page.locator('.banner[data-part=limiter]');
    await show('windows');
    await limiter?.crash();
    await banner.getByText('No limiter is running').waitFor();
    await page.getByText('Unknown; retrying').waitFor();
    expect(await page.locator('[data-budget]').count()).toBe(0);
    await page.locator('nav').getByText('Runs').click();
    await banner.waitFor();
    await page.locator('nav').getByText('Alerts').click();
    await page.locator('[data-alert=part_down]').getByText('No limiter is running').first().waitFor();
    await limiter?.start();
    await banner.waitFor({ state: 'detached' });
    await page.getByText('No open alerts').waitFor();
  });
});

describe('the rate limits page', () => {
  const readBudgets = async () => (await stack.api.call('GET /v1/budgets')).items;
  const drawn = (budget: string) => page.locator(`[data-budget=${budget}] [data-permit]`);

  it('shows exactly the calls that count according to the API', async () => {
    await show('windows');
    await eventually(async () => {
      const budgets = await readBudgets();
      expect(budgets.flatMap(({ permits }) => permits).length).toBeGreaterThan(0);
      for (const { budget, permits } of budgets) {
        const shown = await drawn(budget).evaluateAll((all) =>
          all.map((each) => each.getAttribute('data-permit')),
        );
        expect(new Set(shown), budget).toEqual(new Set(permits.map(({ permit }) => permit)));
      }
    });
  });

  it('shows a call at its start time', async () => {
    await eventually(async () => {
      const clubs = (await readBudgets()).find(({ budget }) => budget === 'clubs');
      const [permit] = clubs?.permits ?? [];
      const { now } = await stack.api.call('GET /v1/clock');
      const [tick, bar] = await Promise.all([
        drawn('clubs').first().boundingBox({ timeout: 1_000 }),
        page.locator('[data-budget=clubs] svg').boundingBox({ timeout: 1_000 }),
      ]);
      if (!permit || !clubs || !tick || !bar) throw new Error('no club call is drawn yet');
      const age = (Date.parse(now) - Date.parse(permit.startedAt)) / 1_000 / clubs.policy.windowSeconds;
      // Half of the chart is one window; a real second is twelve project seconds.
      const off = tick.x - (bar.x + (bar.width / 2) * (1 - age));
      expect(Math.abs(off)).toBeLessThan(bar.width * 0.03);
    });
  });

  it('pauses and resumes a budget by its buttons', async () => {
    const results = page.locator('[data-budget=results]');
    await results.getByRole('button', { name: /Pause/ }).click();
    await results.getByRole('button', { name: '1 day' }).click();
    await results.getByText('paused for').waitFor();
    await results.getByRole('button', { name: /Resume/ }).click();
    await eventually(async () => expect(await results.getByText('available now').count()).toBe(1));
  });
});

describe('a rider that is added on the page', () => {
  it('is shown with its progress and then with its name', async () => {
    await show('riders');
    await addRider('4900321');
    await tracked(4_900_321).and(page.locator('[data-state=done]')).waitFor();
    const { name } = await stack.api.call('GET /v1/riders/{riderId}', { path: { riderId: 4_900_321 } });
    await eventually(async () => expect(await tracked(4_900_321).getByText(name).count()).toBe(1));
  });

  it('is followed through a crash of the API', async () => {
    // Blocks both ways to fetch a rider, for 20 real seconds.
    for (const budget of ['riders_single', 'riders_bulk'] as const)
      await stack.api.call('PUT /v1/budgets/{budget}/pause', { path: { budget }, body: { forSeconds: 240 } });
    await addRider('4900322');
    await tracked(4_900_322).getByText('paused by an operator').waitFor();
    const api = stack.processes.get('api');
    await api?.crash();
    await page.getByText('The API is not responding').first().waitFor();
    await api?.start();
    await eventually(async () => expect(await tracked(4_900_322).getAttribute('data-state')).toBe('done'));
  });

  it('can be part of an import, which counts each rider', async () => {
    const roster =
      'name,power,zwid\n"Rider, One",250,4900401\nBo,310,4900402\nCleo, Jr,199,7\nDan,280,4900403';
    await page.getByLabel('Roster', { exact: true }).fill(roster);
    const preview = page.getByLabel('Preview');
    expect(await preview.innerText()).toContain('3 riders from column zwid');
    expect(await preview.innerText()).toContain('Line 4: Cleo, Jr, 199, 7 has 4 of 3 columns');
    await page.getByRole('button', { name: 'Import 3 riders' }).click();
    const many = page.locator('.tracked').filter({ hasText: '3 riders' });
    await eventually(async () => expect(await many.getAttribute('data-state')).toBe('done'));
    expect(await many.innerText()).toContain('3 added, 0 remaining');
  });

  it('can be part of a roster of 800 lines, of which exactly its riders are requested', async () => {
    const { text, riderIds } = exampleRoster();
    await page.getByLabel('Roster', { exact: true }).fill(text);
    const sent = page.waitForRequest('**/v1/riders/import');
    await page.getByRole('button', { name: `Import ${riderIds.length} riders` }).click();
    expect((await sent).postDataJSON()).toEqual({ riderIds });
  });

  it('is rejected with the message of the API when its id is invalid', async () => {
    await addRider('-7');
    await eventually(async () => expect(await page.getByText(/must be a whole number/).count()).toBe(1));
    expect(browserErrors.splice(0)).toEqual([expect.stringContaining('400')]);
  });
});

it('the schedule editor checks a draft, blocks errors and applies a valid change', async () => {
  await show('schedule');
  const fill = (kind: string, label: string, text: string) =>
    page.locator(`[data-kind=${kind}]`).getByLabel(label).fill(text);
  const apply = page.getByRole('button', { name: 'Apply' });
  // Long enough to overlap the next near slot.
  await fill('far', 'Duration', '14m');
  await page.locator('[data-rule=collision]').first().waitFor();
  await eventually(async () => expect(await apply.isDisabled()).toBe(true));
  await fill('far', 'Duration', '4m');
  await fill('rider', 'If missed', 'skip');
  await apply.click();
  await eventually(async () => {
    const { kinds } = await stack.api.call('GET /v1/schedule');
    expect(kinds.rider.catchUp).toBe('skip');
  });
});

it('the timeline shows every run of the API, and Enter opens one', async () => {
  await show('timeline');
  await eventually(async () => {
    const { items } = await stack.api.call('GET /v1/runs');
    const shown = await page
      .locator('[data-run]')
      .evaluateAll((all) => all.map((each) => each.getAttribute('data-run')));
    expect(items.length).toBeGreaterThan(0);
    expect(new Set(shown)).toEqual(new Set(items.map(({ id }) => id)));
  });
  await page.locator('[data-run]').first().focus();
  await page.keyboard.press('Enter');
  await page.getByText(/^Slot \w+ \d+ Nov/).waitFor();
});

describe('accessibility', () => {
  /** Only contrast depends on the color scheme, so all other rules run in light mode alone. */
  const violationsOf = async (rules?: string[]) => {
    const { violations } = await page.evaluate(
      (only) =>
        (globalThis as unknown as { axe: typeof axe }).axe.run({
          resultTypes: ['violations'],
          ...(only && { runOnly: only }),
        }),
      rules,
    );
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };

  it.each(Object.keys(sizes) as (keyof typeof sizes)[])(
    'has no violations on any page, %s, light and dark',
    async (size) => {
      await page.setViewportSize(sizes[size]);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      const links = page.getByRole('navigation').getByRole('link');
      const targets = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
      await page.evaluate(axe.source);
      for (const target of targets.filter((each) => each.startsWith('#'))) {
        await show(target.slice(2));
        await page.emulateMedia({ colorScheme: 'light' });
        expect(await violationsOf(), `${target} light`).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await violationsOf(['color-contrast']), `${target} dark`).toEqual([]);
        const overflow: number = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, `${target} is wider than the screen`).toBeLessThanOrEqual(0);
      }
    },
  );
});
