import type { Api } from '@paceline/client';
import type { Page } from 'playwright-core';

/** The routes of all pages in the menu of an open page, and of the first item of each list that has one. */
export async function routesOf(page: Page, api: Api): Promise<string[]> {
  const links = page.locator('nav a');
  await links.first().waitFor({ state: 'attached' });
  const targets = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
  const query = { limit: 1 };
  const [riders, events, clubs, runs] = await Promise.all([
    api.call('GET /v1/riders', { query }),
    api.call('GET /v1/events', { query }),
    api.call('GET /v1/clubs', { query }),
    api.call('GET /v1/runs', { query }),
  ]);
  return [
    ...targets.filter((each) => each.startsWith('#')),
    ...riders.items.map(({ riderId }) => `#/riders/${riderId}`),
    ...events.items.map(({ eventId }) => `#/events/${eventId}`),
    ...clubs.items.map(({ clubId }) => `#/clubs/${clubId}`),
    ...runs.items.map(({ runId }) => `#/runs/${runId}`),
  ];
}
