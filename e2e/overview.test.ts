import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './testing/browser.ts';

const phone = { width: 320, height: 640 };

let stack: TestStack;
let browser: Browser;
/** Only ever at the overview, on a phone, in a zone that is one hour ahead of UTC at the time of the test. */
let page: Page;

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  [stack, browser] = await Promise.all([startTestStack(oneEvening(12)), openBrowser()]);
  page = await browser.newPage({ viewport: phone, timezoneId: 'Europe/London' });
  page.setDefaultTimeout(120_000);
  await page.goto(stack.apiUrl);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const canAdd = () => page.locator('[data-answer]');
const problems = () => page.locator('[data-problems]');
const answers = (can: 'yes' | 'no' | 'unknown') => page.locator(`[data-answer=${can}]`).waitFor();
const cardOf = (title: string) => page.getByRole('region', { name: title, exact: true });
const pauses = ['riders_single', 'riders_bulk'] as const;

describe('an operator learns from the overview alone, on a phone,', () => {
  it('that a rider can be added now and that nothing is wrong, without scrolling', async () => {
    await answers('yes');
    await page.locator('[data-problems="0"]').waitFor();
    expect(await canAdd().innerText()).toBe('Yes, now');
    expect(await problems().innerText()).toBe('Nothing is wrong');
    for (const answer of [canAdd(), problems()]) {
      const box = await answer.boundingBox();
      expect(box && box.y + box.height).toBeLessThanOrEqual(phone.height);
    }
    const overflow: number = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  });

  it('how an added rider gets on, until it is there', async () => {
    await page.getByLabel('Rider id', { exact: true }).fill('4900777');
    await page.getByRole('button', { name: 'Add rider' }).click();
    const added = page.locator('.tracked').filter({ hasText: 'Rider 4900777' });
    await added.and(page.locator('[data-state=done]')).waitFor();
    const { name } = await stack.api.call('GET /v1/riders/{riderId}', { path: { riderId: 4_900_777 } });
    await eventually(async () => expect(await added.getByText(name).count()).toBe(1));
  });

  it('when a rider can be added while both ways are paused, and why', async () => {
    const paused = await Promise.all(
      pauses.map((budget) =>
        stack.api.call('PUT /v1/budgets/{budget}/pause', { path: { budget }, body: { forSeconds: 1_800 } }),
      ),
    );
    await answers('no');
    const ends = paused.map(({ pausedUntil }) => Date.parse(pausedUntil.operator ?? ''));
    const end = new Date(Math.min(...ends));
    const shown = canAdd().locator('time');
    // In the viewer's zone, with UTC on hover.
    const local = end.toLocaleTimeString('en-GB', { timeZone: 'Europe/London' });
    expect(await shown.innerText()).toBe(local);
    expect(await shown.getAttribute('title')).toContain(`${end.toISOString().slice(11, 19)} UTC`);
    await cardOf('Can I add a rider now?').getByText('is paused by an operator').waitFor();
    await page.locator('[data-limit=riders_single]').getByText('paused for').waitFor();
    for (const budget of pauses)
      await stack.api.call('DELETE /v1/budgets/{budget}/pause', { path: { budget } });
    await answers('yes');
  });

  it('that no rider can be added while a service is killed, and what to do', async () => {
    const service = stack.processes.get('rider-sync');
    await service?.crash();
    await answers('no');
    await cardOf('Can I add a rider now?').getByText('No rider-sync is running').waitFor();
    await cardOf('Is anything wrong?').getByText('No rider-sync is running').waitFor();
    expect(await problems().innerText()).toBe('1 problem');
    await service?.start();
    await answers('yes');
    await page.locator('[data-problems="0"]').waitFor();
  });

  it('what runs and what is next, as the API has it', async () => {
    await eventually(async () => {
      const [{ nextSlots }, runs] = await Promise.all([
        stack.api.call('GET /v1/schedule'),
        stack.api.call('GET /v1/runs', { query: { state: 'running' } }),
      ]);
      const shown = await cardOf('Next')
        .locator('time')
        .evaluateAll((all) => all.map((each) => each.getAttribute('datetime')));
      for (const [next] of Object.values(nextSlots)) if (next) expect(shown).toContain(next.opensAt);
      const running = await cardOf('Running')
        .locator('li a')
        .evaluateAll((all) => all.map((each) => each.getAttribute('href')));
      expect(runs.items.length).toBeGreaterThan(0);
      expect(running).toEqual(runs.items.map(({ runId }) => `#/runs/${runId}`));
    });
  });
});
