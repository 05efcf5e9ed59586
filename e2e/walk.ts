import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { createClock } from '@paceline/shared/clock';
import type { Page } from 'playwright-core';
import { openBrowser } from './testing/browser.ts';
import { plantHistory } from './testing/history.ts';

// Takes the pictures of the README: the same evening each time, when the system has run for an hour of project time.
// `npm run lab -- walk`

const folder = join(import.meta.dirname, '../docs/pictures');
const maxBytes = 60_000;
const clock = oneEvening(60);
const { now } = createClock(clock);
const minute = 60_000;
/** A little smaller than it is drawn. */
const screen = {
  viewport: { width: 1280, height: 1000 },
  deviceScaleFactor: 0.8,
  timezoneId: 'UTC',
  locale: 'en-GB',
};

/** The next event with several pens, some of our riders and a withdrawal; its start leaves time for the picture. */
const findEvent = (stack: TestStack) =>
  eventually(async () => {
    const { items } = await stack.api.call('GET /v1/events', {
      query: { when: 'upcoming', ours: true, limit: 100 },
    });
    for (const { eventId, ours, signups, startsAt } of items) {
      if (ours < 2 || !signups.withdrawn || Date.parse(startsAt) < now() + 10 * minute) continue;
      const { pens } = await stack.api.call('GET /v1/events/{eventId}', { path: { eventId } });
      if (pens.length > 2) return eventId;
    }
    throw new Error('no such event yet');
  });

/** A rider who races often, with a high rating. */
async function findRider(stack: TestStack): Promise<number> {
  const query = { sort: 'rating', order: 'desc', limit: 10 } as const;
  const { items } = await stack.api.call('GET /v1/riders', { query });
  const rider = items.find(({ races }) => (races?.finishes ?? 0) > 10);
  if (!rider) throw new Error('none of the ten best riders races often');
  return rider.riderId;
}

/** Uses up rate limits and fills a queue: a sync of the clubs and more riders than fit into minutes. */
async function makeBusy({ api }: TestStack): Promise<void> {
  await api.call('POST /v1/syncs/{kind}/trigger', { path: { kind: 'rider' } });
  await eventually(async () => {
    const { rateLimitUsage } = await api.call('GET /v1/coordination');
    if (rateLimitUsage.clubs?.available !== 0) throw new Error('no call of a club yet');
  });
  for (let riderId = 4_500_001; riderId <= 4_500_060; riderId++)
    await api.call('POST /v1/riders', { body: { riderId } });
}

/** Takes a picture as WebP, which the browser encodes in an empty page: ours may not load anything. */
async function take(page: Page, encoder: Page, name: string): Promise<void> {
  const png = await page.screenshot();
  const webp: string = await encoder.evaluate(`(async () => {
    const image = await createImageBitmap(new Blob([Uint8Array.fromBase64('${png.toString('base64')}')]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 });
    return new Uint8Array(await blob.arrayBuffer()).toBase64();
  })()`);
  const bytes = Buffer.from(webp, 'base64');
  if (bytes.length > maxBytes) throw new Error(`${name} has ${bytes.length} bytes, max ${maxBytes}`);
  await writeFile(join(folder, `${name}.webp`), bytes);
  console.log(`docs/pictures/${name}.webp  ${Math.round(bytes.length / 1_000)} kB`);
}

await ensureBuilt(console.log);
const stack = await startTestStack(clock);
const browser = await openBrowser();
try {
  const encoder = await browser.newPage();
  /** Opens a view in a page of its own, where nothing has the focus. */
  const picture = async (name: string, view: string) => {
    const page = await browser.newPage(screen);
    await page.goto(`${stack.apiUrl}/#/${view}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Loading …').first().waitFor({ state: 'detached' });
    // Charts draw after their data.
    await page.waitForTimeout(1_500);
    await take(page, encoder, name);
    await page.close();
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  console.log('waiting for riders …');
  await eventually(async () => {
    const { total } = await stack.api.call('GET /v1/riders', { query: { limit: 1 } });
    if (total < 100) throw new Error('the first sync of riders is not done');
  });
  await plantHistory(stack, now());
  console.log('waiting for an event with our riders …');
  await picture('event', `events/${await findEvent(stack)}`);
  await picture('overview', '');
  await picture('riders', 'riders?sort=rating&order=desc');
  await picture('rider', `riders/${await findRider(stack)}`);
  await makeBusy(stack);
  await picture('rate-limits', 'windows');
} finally {
  await browser.close();
  await stack.stop();
}
