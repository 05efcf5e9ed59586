import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Alert, Part } from '@paceline/client';
import type { TestStack } from '@paceline/kit/stack';
import { services } from '@paceline/shared/contracts';
import type { Page } from 'playwright-core';

/** What the places where people look say about the system at one time. */
export interface Said {
  /** The parts that are down according to `GET /v1/health`; undefined: the API does not answer. */
  readonly down: readonly Part[] | undefined;
  /** The open alerts about parts. */
  readonly alerts: readonly Alert[];
  /** The banners at the head of the dashboard's page, by part. */
  readonly page: Readonly<Record<string, string>>;
  /** Everything on that page. */
  readonly pageText: string;
  readonly cli: { readonly code: number; readonly text: string };
  /** By service: `ready`, or its failing checks with the reasons. */
  readonly ready: Readonly<Record<string, string>>;
}

/** Asks everywhere at once. @param page of the dashboard, already open */
export async function askEverywhere(stack: TestStack, page: Page): Promise<Said> {
  const [down, alerts, banners, pageText, cli, ready] = await Promise.all([
    stack.api.call('GET /v1/health').then(
      ({ parts }) => parts.filter(({ state }) => state === 'down'),
      () => undefined,
    ),
    partAlerts(stack, 'open').catch(() => []),
    bannersOf(page),
    page.locator('main').innerText(),
    statusOf(stack),
    Promise.all(services.map(async (service) => [service, await readinessOf(stack, service)] as const)),
  ]);
  return { down, alerts, page: banners, pageText, cli, ready: Object.fromEntries(ready) };
}

/** Real ms. */
const timeoutMs = 5_000;

export async function partAlerts({ apiUrl }: TestStack, state: 'open' | 'resolved'): Promise<Alert[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${apiUrl}/v1/alerts?type=part_down&state=${state}`, { signal });
  return ((await response.json()) as { items: Alert[] }).items;
}

async function bannersOf(page: Page): Promise<Record<string, string>> {
  const found = await page
    .locator('.banner[data-part]')
    .evaluateAll((all) => all.map((each) => [each.getAttribute('data-part'), each.textContent] as const));
  return Object.fromEntries(found);
}

/** Runs `paceline status`. Its text is one line. */
const statusOf = ({ apiUrl }: TestStack): Promise<Said['cli']> =>
  new Promise((resolve) => {
    const args = [join(import.meta.dirname, '../../apps/cli/src/main.ts'), 'status'];
    const env = { PATH: process.env.PATH, PACELINE_URL: apiUrl };
    execFile(process.execPath, args, { env }, (error, output, errorOutput) => {
      const text = (output + errorOutput).replaceAll(/\s+/g, ' ').trim();
      resolve({ code: Number(error?.code ?? 0), text });
    });
  });

async function readinessOf({ processes }: TestStack, service: string): Promise<string> {
  const url = processes.get(service)?.readyUrl ?? '';
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
  if (!response) return 'does not answer';
  const { ready, checks } = (await response.json()) as { ready: boolean; checks: Record<string, string> };
  if (ready) return 'ready';
  const failing = Object.entries(checks).filter(([, reason]) => reason !== 'ok');
  return failing.map(([check, reason]) => `${check}: ${reason}`).join(', ');
}
