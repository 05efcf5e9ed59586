import { ensureBuilt } from '@paceline/dashboard/build';
import { exampleRoster } from '@paceline/client/testing/roster';
import { openBrowser } from './testing/browser.ts';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const token = 'a-token-for-the-dashboard';
const wide = { width: 1280, height: 800 };
/** Every 13th rider is unreadable in every answer. */
const quirks = 'escaped-names,unreadable-riders';

let stack: TestStack;
let browser: Browser;
let page: Page;
/** Errors in the browser: failed scripts and violations of the content security policy. */
const browserErrors: string[] = [];

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([
    startTestStack(oneEvening(12), { API_TOKEN: token, SANDBOX_QUIRKS: quirks }),
    openBrowser(),
  ]);
  page = await browser.newPage({ viewport: wide });
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
  await page.locator(`nav a[aria-current][href="#/${view}"]`).waitFor({ state: 'attached' });
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
};
const addRider = async (riderId: string) => {
  await page.getByLabel('Rider id', { exact: true }).fill(riderId);
  await page.getByRole('button', { name: 'Add rider' }).click();
};
/** The accessible name or text of the focused element. */
const focused = () =>
  page
    .locator(':focus')
    .evaluate((element) => element.getAttribute('aria-label') ?? (element.textContent || element.id));
const announced = () => page.locator('[data-announcements]').innerText();
const tracked = (riderId: number) => page.locator('.tracked').filter({ hasText: `Rider ${riderId}` });

it('the page asks for the API token once, and again on request after Escape', async () => {
  await page.goto(stack.apiUrl);
  await page.getByLabel('Token', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Token', { exact: true }).waitFor({ state: 'hidden' });
  await eventually(async () => expect(await focused()).toBe('Enter token'));
  await page.keyboard.press('Enter');
  await page.getByLabel('Token', { exact: true }).fill('a-wrong-one-of-enough-length');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Token not accepted').waitFor();
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('[data-answer]').waitFor();
  expect(await focused()).toBe('Overview');
  browserErrors.splice(0);
  await page.reload();
  await page.locator('[data-answer]').waitFor();
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
        expect(new Set(shown), budget).toEqual(new Set(permits.map(({ permitId }) => permitId)));
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

  it('pauses and resumes a budget by the keyboard, keeps the focus and announces the result', async () => {
    const results = page.locator('[data-budget=results]');
    const focus = (name: string) => eventually(async () => expect(await focused()).toBe(name));
    await results.getByRole('button', { name: 'Pause Results' }).focus();
    await page.keyboard.press('Enter');
    await focus('15 minutes');
    await page.keyboard.press('Escape');
    await focus('Pause Results');
    expect(await results.getByText('15 minutes').count()).toBe(0);
    await page.keyboard.press('Enter');
    await focus('15 minutes');
    for (const key of ['Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await results.getByText('paused for').waitFor();
    await focus('Resume Results');
    expect(await announced()).toBe('Results paused for 1 day');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await results.getByText('available now').count()).toBe(1));
    await focus('Pause Results');
    expect(await announced()).toBe('Results resumed');
  });
});

it('a limit is changed and reset on the rate limits page, and the focus stays', async () => {
  await show('windows');
  const results = page.locator('[data-budget=results]');
  await results.getByRole('button', { name: 'Change limit of Results' }).focus();
  await page.keyboard.press('Enter');
  await results.getByLabel('Window in seconds').fill('120');
  await page.keyboard.press('Enter');
  await results.getByText('1 per 2 min, set by an operator').waitFor();
  await eventually(async () => expect(await focused()).toBe('Change limit of Results'));
  expect(await announced()).toBe('Limit of Results: 1 per 2 min');
  await page.keyboard.press('Enter');
  await results.getByRole('button', { name: 'Reset to 1 per minute' }).click();
  await eventually(async () => expect(await announced()).toBe('Limit of Results: 1 per minute'));
});

describe('a rider that is added on the page', () => {
  it('is shown with its progress and then with its name', async () => {
    await show('requests');
    await addRider('4900321');
    // For the next one.
    await eventually(async () => expect(await focused()).toBe('rider-id'));
    await tracked(4_900_321).and(page.locator('[data-state=done]')).waitFor();
    await eventually(async () => expect(await announced()).toBe('Rider 4900321: added'));
    const { name } = await stack.api.call('GET /v1/riders/{riderId}', { path: { riderId: 4_900_321 } });
    await eventually(async () => expect(await tracked(4_900_321).getByText(name).count()).toBe(1));
    const age = async () => /\((.*) ago\)/.exec(await tracked(4_900_321).innerText())?.[1];
    const first = await age();
    await eventually(async () => expect(await age()).not.toBe(first));
  });

  it('is followed through a crash of the API', async () => {
    // Blocks both ways to fetch a rider, for 20 real seconds.
    for (const budget of ['riders_single', 'riders_bulk'] as const)
      await stack.api.call('PUT /v1/budgets/{budget}/pause', { path: { budget }, body: { forSeconds: 240 } });
    await addRider('4900322');
    await tracked(4_900_322).getByText('paused by an operator').waitFor();
    const api = stack.processes.get('api');
    await api?.crash();
    await page.locator('.banner[data-part=api]').getByText('The API does not answer').waitFor();
    await api?.start();
    await eventually(async () => expect(await tracked(4_900_322).getAttribute('data-state')).toBe('done'));
  });

  it('can be part of an import, which counts each rider', async () => {
    const roster =
      'name,power,zwid\n"Rider, One",250,4900401\nBo,310,4900404\nCleo, Jr,199,7\nDan,280,4900403';
    await page.getByLabel('Roster', { exact: true }).fill(roster);
    const preview = page.getByLabel('Preview');
    expect(await preview.innerText()).toContain('3 riders from column zwid');
    expect(await preview.innerText()).toContain('Line 4: Cleo, Jr,199,7 has 4 of 3 columns');
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
  await eventually(async () => expect(await announced()).toBe('Schedule applied'));
  expect(await focused()).toBe('Apply');
  await page.getByRole('button', { name: 'Restore' }).click();
  await eventually(async () => expect(await announced()).toBe('Configured schedule restored'));
  await eventually(async () => expect(await focused()).toBe('Apply'));
});

it('errors of a schedule are accepted for one change only', async () => {
  await show('schedule');
  const duration = page.locator('[data-kind=far]').getByLabel('Duration');
  const accept = page.getByLabel('Apply despite the errors');
  await duration.fill('14m');
  await accept.check();
  await duration.fill('15m');
  await eventually(async () => expect(await accept.isChecked()).toBe(false));
  await page.getByRole('button', { name: 'Reset' }).click();
});

it('a sync is paused for an hour on the schedule page, which shows until when', async () => {
  await show('schedule');
  const near = page.locator('[data-sync=near]');
  await near.getByRole('button', { name: 'Pause 1 hour: Near sync' }).click();
  await near.getByText('Paused until').waitFor();
  const { pausedUntil } = await stack.api.call('GET /v1/schedule');
  expect(await near.locator('time').getAttribute('datetime')).toBe(pausedUntil.near);
  expect(await focused()).toBe('Resume Near sync');
  await page.keyboard.press('Enter');
  await near.getByText('Next slot').waitFor();
  await eventually(async () => expect(await announced()).toBe('Near sync resumed'));
});

it('a message about a field of the schedule moves no other field, and no field is cut off', async () => {
  await show('schedule');
  const near = page.locator('[data-kind=near]');
  const fields = near.locator('input, select');
  const places = () =>
    fields.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as object));
  const before = await places();
  await near.getByLabel('Duration').fill('soon');
  await near.getByText('Duration: must be a duration').waitFor();
  expect(await places()).toEqual(before);
  expect(await near.getByRole('textbox', { name: 'Duration', exact: true }).count()).toBe(1);
  expect(browserErrors.splice(0)).toEqual([expect.stringContaining('400')]);
  for (const width of [1_280, 768, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const cutOff = await page
      .locator('.schedule input')
      .evaluateAll((all) => all.filter((each) => each.scrollWidth > each.clientWidth).length);
    expect(cutOff, `${width} px`).toBe(0);
  }
  await page.setViewportSize(wide);
});

describe('a request that the API refuses', () => {
  /** Opens a page whose timers the test controls, without a stream, and counts its requests by path. */
  async function openPage(hash: string, usedToken: string) {
    const context = await browser.newContext();
    const own = await context.newPage();
    const counts = new Map<string, number>();
    let pending = 0;
    own.on('request', (request) => {
      pending += 1;
      const path = new URL(request.url()).pathname;
      counts.set(path, (counts.get(path) ?? 0) + 1);
    });
    own.on('requestfinished', () => (pending -= 1));
    own.on('requestfailed', () => (pending -= 1));
    await own.clock.install();
    await own.addInitScript((value) => sessionStorage.setItem('paceline-token', value), usedToken);
    if (usedToken === token) await own.route('**/v1/stream', (route) => route.abort());
    await own.goto(`${stack.apiUrl}/${hash}`);
    const runMinute = async () => {
      for (let second = 0; second < 60; second += 1) await own.clock.runFor(1_000);
      await eventually(() => expect(pending).toBe(0));
    };
    return { own, counts, runMinute, close: () => context.close() };
  }

  it('is not polled when the resource does not exist', async () => {
    const runId = '00000000-0000-4000-8000-000000000000';
    const { own, counts, runMinute, close } = await openPage(`#/runs/${runId}`, token);
    await own.getByText(`Run ${runId} does not exist. A requested run appears here`).waitFor();
    const [reads, health] = [counts.get(`/v1/runs/${runId}`), counts.get('/v1/health') ?? 0];
    await runMinute();
    expect(counts.get(`/v1/runs/${runId}`)).toBe(reads);
    expect(counts.get('/v1/health')).toBeGreaterThan(health);
    await close();
  });

  it('is not polled when the token is wrong', async () => {
    const { own, counts, runMinute, close } = await openPage('', 'a-wrong-token-of-enough-length');
    await own.getByText('Token not accepted').waitFor();
    await runMinute();
    const before = [...counts];
    await runMinute();
    expect([...counts]).toEqual(before);
    await close();
  });
});

it('the page of a run lists what its sync could not read', async () => {
  const run = await eventually(async () => {
    const { items } = await stack.api.call('GET /v1/runs', { query: { kind: 'rider' } });
    const found = items.find(({ state }) => state === 'done');
    if (!found) throw new Error('no rider run is done yet');
    return found;
  });
  expect(run.unreadable.count).toBeGreaterThan(0);
  const { calls } = await stack.api.call('GET /v1/runs/{runId}', { path: { runId: run.runId } });
  const ids = calls.flatMap(({ unreadable }) => unreadable.map(({ id }) => id));
  await page.goto(`${stack.apiUrl}/#/runs/${run.runId}`);
  const items = page.getByRole('region', { name: 'Unreadable items' }).locator('tbody tr');
  await items.first().waitFor();
  const shown = await items.locator('td:first-child').allInnerTexts();
  expect(shown).toEqual(ids);
  expect(shown.every((id) => Number(id) % 13 === 0)).toBe(true);
  expect(await items.first().innerText()).toContain('name: ');
  expect(await page.getByText(`${run.unreadable.count} unreadable`).count()).toBeGreaterThan(0);
});

it('the list of runs is filtered by kind and state, which the address keeps', async () => {
  await show('runs');
  await page.getByRole('button', { name: 'Far sync' }).click();
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  await eventually(() => expect(page.url()).toMatch(/#\/runs\?kind=far&state=done$/));
  await page.reload();
  await eventually(async () => {
    const { items } = await stack.api.call('GET /v1/runs', {
      query: { kind: 'far', state: 'done', limit: 30 },
    });
    const shown = await page
      .locator('table >> nth=0 >> tbody a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(items.length).toBeGreaterThan(0);
    expect(shown).toEqual(items.map(({ runId }) => `#/runs/${runId}`));
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
    expect(new Set(shown)).toEqual(new Set(items.map(({ runId }) => runId)));
  });
  await page.locator('[data-run]').first().focus();
  await page.keyboard.press('Enter');
  await page.getByText(/^Slot \w+ \d+ Nov/).waitFor();
  await eventually(async () => expect(await focused()).toMatch(/ sync$/));
});
