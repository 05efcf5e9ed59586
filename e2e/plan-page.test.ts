import type { Freshness } from '@paceline/client';
import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { isPlanned, reasonText, sentenceCase } from '@paceline/client/text';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser } from './testing/browser.ts';

/** A minute of the plan is five real seconds. */
const scale = 12;
/** Project ms by which the clocks of two processes can differ. */
const clockToleranceMs = 2_000;

let stack: TestStack;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([startTestStack(oneEvening(scale)), openBrowser()]);
  page = await browser.newPage();
  page.setDefaultTimeout(120_000);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The freshness with the planned calls. */
async function readPlan() {
  const { at, nextCalls } = await stack.api.call('GET /v1/freshness', { query: { limit: 500 } });
  return { at, calls: nextCalls.filter(isPlanned) };
}
const region = (name: string) => page.getByRole('region', { name, exact: true });

it('the page shows each planned call as a mark and as a row, and the events that wait with the reason', async () => {
  await page.goto(`${stack.apiUrl}/#/freshness`);
  // The first far slot fetches the list of events; an evening has more events than an hour has calls.
  await eventually(async () => expect((await readPlan()).calls.length).toBeGreaterThan(30));
  const plan = region('Plan of the next hour');
  // The page reads the plan again and again: each try compares it with its latest one.
  let latest: Promise<Freshness> | undefined;
  page.on('response', (each) => {
    if (each.url().includes('/v1/freshness')) latest = each.json() as Promise<Freshness>;
  });
  await eventually(async () => {
    const shown = latest;
    const { nextCalls } = (await shown) ?? { nextCalls: [] };
    const calls = nextCalls.filter(isPlanned);
    expect(calls).not.toEqual([]);
    const marks = await plan.locator('a.planned').evaluateAll((all) => all.map((each) => each.dataset.event));
    expect(marks).toHaveLength(calls.length);
    expect(new Set(marks)).toEqual(new Set(calls.map(({ eventId }) => eventId)));
    const [, ...rows] = await plan.getByRole('row').all();
    const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allInnerTexts()));
    expect(cells.map(([, title, , reason]) => [title, reason])).toEqual(
      calls.map((call) => [call.title, sentenceCase(reasonText(call.reason))]),
    );
    const waiting = nextCalls.filter((call) => !isPlanned(call)).slice(0, 20);
    expect(await region('Events without a planned call').getByRole('listitem').allInnerTexts()).toEqual(
      waiting.map(({ title, reason }) =>
        expect.stringMatching(new RegExp(`${RegExp.escape(title)}[^]*: ${reasonText(reason)}`)),
      ),
    );
  });
});

it('a planned call is made at its time, and the call log has its reason and until when its copy is fresh', async () => {
  let plan = await readPlan();
  const { call, made } = await eventually(async () => {
    const [next] = plan.calls;
    const query = { budget: 'signups', since: plan.at } as const;
    const { items } = await stack.api.call('GET /v1/permits', { query });
    const permit = items.find(({ target }) => target === next?.eventId);
    if (next && permit) return { call: next, made: permit };
    plan = await readPlan();
    throw new Error('the next call of the plan is not made yet');
  });
  expect(made.reason).toBe(call.reason);
  // On a busy machine it is later, and so is the end of its freshness; it is never earlier.
  const delay = Date.parse(made.startedAt) - Date.parse(call.plannedAt);
  expect(delay).toBeGreaterThan(-clockToleranceMs);
  const longer = Date.parse(made.freshUntil ?? '') - Date.parse(call.freshUntil);
  expect(longer).toBeGreaterThan(-clockToleranceMs);
  expect(longer).toBeLessThan(Math.max(0, delay) + clockToleranceMs);
});

it('a class leads to its events', async () => {
  await region('Within the hour').getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
  await eventually(async () => {
    const ids = await page
      .locator('[data-event]')
      .evaluateAll((all) => all.map((each) => each.dataset.event));
    const { items } = await stack.api.call('GET /v1/events', { query: { limit: 500 } });
    const near = items.filter(({ freshness }) => freshness.class === 'near').map(({ eventId }) => eventId);
    expect(near.length).toBeGreaterThan(0);
    expect(ids).toEqual(near);
  });
});
