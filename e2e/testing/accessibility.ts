import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Checks the current page in light and dark, and that it is not wider than the screen. Only contrast depends on the scheme. */
export async function problemsOf(page: Page): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' });
  const inLight = await violationsOf(page);
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' });
  const inDark = await violationsOf(page, ['color-contrast']);
  const overflow: number = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  return [...inLight, ...inDark, ...(overflow > 0 ? [`${overflow} px wider than the screen`] : [])];
}

/** Violations of axe's rules, each with the elements. @param rules default: all */
async function violationsOf(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (only) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        resultTypes: ['violations'],
        ...(only && { runOnly: only }),
      }),
    rules,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
