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

/** The event that starts soonest with several of our riders, one of whom withdrew. */
const findEvent = (stack: TestStack) =>
  eventually(async () => {
    const { items } = await stack.api.call('GET /v1/events', {
      query: { when: 'upcoming', ours: true, limit: 100 },
    });
    const event = items.find(({ ours, signups }) => ours >= 3 && (signups.withdrawn ?? 0) > 0);
    if (!event) throw new Error('no upcoming event with three of our riders and a withdrawal');
    return event.eventId;
  });

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
console.log('waiting for riders, and for an event with some of them …');
try {
  const { now } = createClock(clock);
  await eventually(async () => {
    const { total } = await stack.api.call('GET /v1/riders', { query: { limit: 1 } });
    if (total < 100) throw new Error('the first sync of riders is not done');
  });
  await plantHistory(stack, now());
  const eventId = await findEvent(stack);
  const { items } = await stack.api.call('GET /v1/riders', {
    query: { sort: 'rating', order: 'desc', limit: 10 },
  });
  const rider = items.find(({ races }) => (races?.finishes ?? 0) > 10);
  if (!rider) throw new Error('none of the ten best riders races often');

  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const page = await browser.newPage({
    viewport: { width: 1200, height: 750 },
    timezoneId: 'UTC',
    locale: 'en-GB',
  });
  const encoder = await browser.newPage();
  for (const riderId of [4_500_001, 4_500_002, 4_500_003])
    await stack.api.call('POST /v1/riders', { body: { riderId } });
  for (const [name, path] of [
    ['overview', ''],
    ['riders', 'riders?sort=rating&order=desc'],
    ['rider', `riders/${rider.riderId}`],
    ['event', `events/${eventId}`],
    ['rate-limits', 'windows'],
  ] as const) {
    await page.goto(`${stack.apiUrl}/#/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Loading …').first().waitFor({ state: 'detached' });
    // Charts draw after their data.
    await page.waitForTimeout(1_500);
    await take(page, encoder, name);
  }
} finally {
  await browser.close();
  await stack.stop();
}
