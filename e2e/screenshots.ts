import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '@paceline/client';
import { ensureBuilt } from '@paceline/dashboard/build';
import { openBrowser } from './testing/browser.ts';
import { routesOf } from './testing/routes.ts';
import { startTestStack } from '@paceline/kit/stack';
import { sandboxClock } from '@paceline/launcher';

// Takes screenshots of every dashboard page and of one item of each list, wide and narrow, light and dark: `npm run lab -- screenshots [API URL]`.
const folder = join(import.meta.dirname, '../.cache/screenshots');
const [givenUrl] = process.argv.slice(2);
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

await ensureBuilt(console.log);
const stack = givenUrl === undefined ? await startTestStack(sandboxClock(Date.now(), 60)) : undefined;
const url = givenUrl ?? stack?.apiUrl ?? '';
const browser = await openBrowser();
try {
  if (stack) await sleep(60_000);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport, colorScheme });
      page.on('pageerror', (error) => console.error(error.message));
      page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
      await page.goto(url);
      for (const route of await routesOf(page, createApi({ url }))) {
        await page.goto(`${url}/${route}`);
        await page.waitForTimeout(1_500);
        const [name = '', id] = route.slice(2).split('/');
        const file = `${name || 'overview'}${id === undefined ? '' : '-item'}-${size}-${colorScheme}.png`;
        await page.screenshot({ path: join(folder, file), fullPage: true });
      }
      await page.close();
    }
  }
  console.log(`Screenshots are in ${relative(process.cwd(), folder)}`);
} finally {
  await browser.close();
  await stack?.stop();
}
