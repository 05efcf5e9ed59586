import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBrowser } from './testing/browser.ts';
import { type Checkout, copyProject } from '@paceline/kit/checkout';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { SyncKind } from '@paceline/shared/definition';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The code blocks of `docs/add-a-sync.md`, with the file of each and, in YAML, the field. */
const page = readFileSync(join(import.meta.dirname, '../docs/add-a-sync.md'), 'utf8');
const blocks = [...page.matchAll(/(?:`(\w+)` in )?`([\w/-]+\.(?:ts|yaml))`:\n\n```\w+\n(.*?)```/gs)].map(
  ([, field, file = '', code = '']) => ({ field, file, code }),
);
const definition = 'packages/shared/src/definition';
const upstreamFile = 'upstreams/zwiftracing.yaml';
const flowFile = 'services/event-sync/src/flows/teams.ts';

let copy: Checkout;
/** The files that the page changes. */
let changed: readonly string[];
let stack: TestStack;

beforeAll(async () => {
  copy = await copyProject();
  for (const { field, file, code } of blocks) {
    const path = join(copy.folder, file);
    if (file === flowFile) await writeFile(path, code);
    else {
      const text = await readFile(path, 'utf8');
      const added = field
        ? text.replace(`\n${field}:\n`, `$&${code.replaceAll(/^/gm, '  ')}\n`)
        : text.replace(/^\} as const satisfies/m, `${code}$&`);
      await writeFile(path, added);
    }
  }
  changed = await copy.changed();
  await copy.run(process.execPath, ['scripts/generate.ts']);
  // The copy uses the same downloads.
  process.env.PACELINE_CACHE ??= join(import.meta.dirname, '../.cache');
  const { ensureBuilt } = (await import(join(copy.folder, 'apps/dashboard/build/build.ts'))) as {
    ensureBuilt(report: (line: string) => void): Promise<void>;
  };
  await ensureBuilt(() => undefined);
  const { startStack } = (await import(join(copy.folder, 'local/launcher/src/index.ts'))) as Parameters<
    typeof startTestStack
  >[3] extends infer Start
    ? { startStack: NonNullable<Start> }
    : never;
  stack = await startTestStack(oneEvening(30), {}, undefined, startStack);
});
afterAll(async () => {
  await stack?.stop();
  await copy?.remove();
});

it('changes only the upstream file, the definition and its own flow', () => {
  expect(blocks.map(({ file }) => file)).toEqual([
    upstreamFile,
    upstreamFile,
    `${definition}/kinds.ts`,
    flowFile,
  ]);
  expect(changed).toEqual([`${definition}/kinds.ts`, flowFile, upstreamFile]);
});

it('passes types and lint once names and types are generated', async () => {
  const checks = [
    ['tsc', '--noEmit'],
    ['tsc', '--noEmit', '--project', 'apps/dashboard'],
    ['oxlint', '--type-aware', '--silent', definition, flowFile],
  ];
  for (const [program = '', ...args] of checks)
    await expect(copy.run(`node_modules/.bin/${program}`, args)).resolves.toBeTypeOf('string');
});

it('has its own variables, and is checked and forecast by the plan', async () => {
  const plan = (env: NodeJS.ProcessEnv) =>
    copy
      .run(process.execPath, ['packages/planning/src/main.ts', '--json'], env)
      .catch((error: Error) => error.message.slice(error.message.indexOf('{')));
  const { forecast } = JSON.parse(await plan({})) as { forecast: { kinds: Array<{ kind: string }> } };
  expect(forecast.kinds).toContainEqual(
    expect.objectContaining({ kind: 'teams', things: 4, fewest: expect.any(Number) }),
  );
  const narrow = await plan({ SLOT_TEAMS_DURATION: '1s' });
  const { findings } = JSON.parse(narrow) as { findings: Array<{ kinds: string[]; severity: string }> };
  expect(findings).toContainEqual(expect.objectContaining({ kinds: ['teams'] }));
});

it('gets ticks, and its runs call within its budget', async () => {
  await eventually(async () => {
    const runs = await stack.api.all('GET /v1/runs', { query: { kind: 'teams' as SyncKind } });
    expect(runs.filter(({ state, counts }) => state === 'done' && counts.synced === 4)).not.toEqual([]);
  });
  const { judgements } = await stack.control<{
    judgements: Array<{ budget: string; calls: number; rejected: number }>;
  }>('/control/judgement');
  const [teams] = judgements.filter(({ budget }) => budget === 'teams');
  expect(teams?.calls).toBeGreaterThanOrEqual(4);
  expect(teams?.rejected).toBe(0);
});

it('appears in the API with its window, slots and source', async () => {
  const { items } = await stack.api.call('GET /v1/budgets');
  expect(items).toContainEqual(
    expect.objectContaining({
      budget: 'teams',
      policy: expect.objectContaining({ limit: 3, windowSeconds: 60 }),
    }),
  );
  const schedule = await stack.get<{ kinds: Record<string, object>; nextSlots: Record<string, object[]> }>(
    '/v1/schedule',
  );
  expect(schedule.kinds.teams).toMatchObject({ mode: 'on', opens: 'every 2m', duration: '90s' });
  expect(schedule.nextSlots.teams).not.toEqual([]);
  const { items: sources } = await stack.api.call('GET /v1/sources');
  expect(sources).toContainEqual(expect.objectContaining({ source: 'teams', state: 'available' }));
});

it('can be triggered, and a schedule change with too short slots is reported', async () => {
  const lint = await stack.post(
    '/v1/schedule/lint',
    JSON.stringify({ kinds: { teams: { opens: 'every 2m', duration: '1s' } } }),
  );
  expect(lint.body.findings).toContainEqual(expect.objectContaining({ kinds: ['teams'] }));
  expect((await stack.post('/v1/syncs/teams/trigger', '')).status).toBe(202);
});

it('appears in the command line', async () => {
  const paceline = (...args: string[]) =>
    copy.run(process.execPath, ['apps/cli/src/main.ts', ...args], { PACELINE_URL: stack.apiUrl });
  expect(await paceline('status')).toMatch(/teams/i);
  expect(await paceline('runs')).toContain('team sync');
});

it('appears in the dashboard with its window, slots and runs', async () => {
  const browser = await openBrowser();
  try {
    const view = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    view.setDefaultTimeout(120_000);
    const show = async (name: string) => {
      await view.goto(`${stack.apiUrl}/#/${name}`);
      await view.locator(`nav a[aria-current][href="#/${name}"]`).waitFor();
    };
    await show('windows');
    await view.locator('[data-budget=teams]').waitFor();
    expect(await view.locator('[data-budget=teams]').textContent()).toContain('Teams');
    for (const name of ['runs', 'schedule', 'timeline']) {
      await show(name);
      await eventually(async () => expect(await view.locator('main').textContent()).toMatch(/team sync/i));
    }
  } finally {
    await browser.close();
  }
});
