import { monitorEventLoopDelay } from 'node:perf_hooks';
import { apiDown, dayAndTime } from '@paceline/client/text';
import { ensureBuilt } from '@paceline/dashboard/build';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { unpaddedTable } from '@paceline/kit/table';
import { eventually } from '@paceline/kit/waiting';
import { printHealth, type RestartableProcess, startStack } from '@paceline/launcher';
import { createClock, manualMachine } from '@paceline/shared/clock';
import { services } from '@paceline/shared/contracts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './testing/browser.ts';
import { askEverywhere, partAlerts, type Said } from './testing/places.ts';
import { logsOf } from './testing/planted.ts';

const scale = 10;
/** Real ms: how soon a part that is down is named. */
const namedWithinMs = 5_000;

let stack: TestStack;
let browser: Browser;
let page: Page;
let stopHealth = () => {};
/** The launcher's time stands still while a process is down, so that it is not restarted before the test has looked. */
const launcher = manualMachine();
/** The lines on the console of `npm start`. */
const lines: string[] = [];
const rows: string[][] = [];
/** How long this machine, which runs the whole system, did not get to its work. */
const stalls = monitorEventLoopDelay({ resolution: 10 });

beforeAll(async () => {
  await ensureBuilt(() => undefined);
  const report = (line: string) => void lines.push(line);
  [stack, browser] = await Promise.all([
    startTestStack(oneEvening(scale), {}, undefined, (options) =>
      startStack({ ...options, machine: launcher, report }),
    ),
    openBrowser(),
  ]);
  stopHealth = printHealth({ url: stack.apiUrl, token: undefined }, report);
  page = await browser.newPage();
  await page.goto(`${stack.apiUrl}/#/windows`);
  await page.locator('[data-budget]').first().waitFor();
  await allIsWell();
});
afterAll(async () => {
  stopHealth();
  await browser?.close();
  await stack?.stop();
  const head = ['part', 'API', 'page', 'CLI (exit code)', 'console', '`/readyz`', 'after recovery'];
  process.stdout.write(`\n${unpaddedTable(head, rows)}\n`);
});

interface Case {
  readonly part: string;
  /** The process, as the launcher calls it. */
  readonly name: string;
  /** How it goes down. A frozen process is not restarted. */
  readonly how: 'killed' | 'frozen';
  readonly title: string;
  /** What `/readyz` of each service says. */
  readonly unready: Readonly<Record<string, RegExp>>;
}

const allOf = (names: readonly string[], says: RegExp) =>
  Object.fromEntries(names.map((name) => [name, says]));
const service = (part: string, how: Case['how'] = 'killed'): Case => ({
  part,
  name: part,
  how,
  title: part === 'api' ? apiDown.title : `No ${part} is running`,
  unready: { [part]: /^does not answer$/ },
});
const broker = { part: 'broker', name: 'nats', title: 'The broker does not answer' } as const;

const cases: readonly Case[] = [
  { ...broker, how: 'killed', unready: allOf(services, /^broker: Disconnected: connection refused/) },
  { ...broker, how: 'frozen', unready: allOf(services, /^broker: /) },
  {
    part: 'database',
    name: 'postgres',
    how: 'killed',
    title: 'The database does not answer',
    unready: allOf(['rider-sync', 'event-sync', 'api'], /^database: connect ECONNREFUSED/),
  },
  ...['limiter', 'scheduler', 'rider-sync', 'event-sync', 'api'].map((part) => service(part)),
  ...['limiter', 'api'].map((part) => service(part, 'frozen')),
  { part: 'upstream', name: 'sandbox', how: 'killed', title: 'ZwiftRacing does not answer', unready: {} },
];

describe.each(cases)('$part, $how', ({ part, name, how, title, unready }) => {
  it('is named with since when and what to do by API, page, CLI, console and /readyz, until it is back', async () => {
    const printed = lines.length;
    const server = serverOf(name);
    const clock = createClock(stack.clock);
    const downAt = clock.now();
    stalls.reset();
    server.kill(how === 'killed' ? 'SIGKILL' : 'SIGSTOP');
    const { since, advice, said } = await eventually(async () => {
      if (part === 'upstream') await callUpstream();
      return namedEverywhere(await askEverywhere(stack, page), { part, title, unready, printed });
    });
    expect(since).toBeGreaterThan(downAt - namedWithinMs * scale);
    expect(since).toBeLessThanOrEqual(clock.now());
    const alerted = lines.slice(printed);

    const recovering = lines.length;
    if (how === 'frozen') server.kill('SIGCONT');
    else launcher.moveTo(launcher.next() ?? launcher.now());
    await allIsWell(part === 'upstream' ? callUpstream : undefined);
    // The console asks the API at its own times.
    await eventually(() => {
      expect(lines.slice(recovering)).toContain(part === 'api' ? 'The API answers again' : `${part} is back`);
      if (how === 'killed') expect(lines).toContain(`${name} is running again`);
    });
    const alertedAfter = part === 'api' ? undefined : await alertedAfterMs(part, since);
    // The second failed call, which upstream is judged by, waits for a permit.
    if (alertedAfter !== undefined && part !== 'upstream')
      expect(alertedAfter).toBeLessThan(namedWithinMs + stalls.max / 1e6);
    rows.push(
      rowOf({ part, how, said, since, advice, alertedAfter, alerted, recovered: lines.slice(recovering) }),
    );
  });
});

it('the logs of all services name the outages without SQL', async () => {
  const logs = await logsOf(stack);
  expect(logs.length).toBeGreaterThan(services.length);
  for (const { where, text } of logs) expect(text, where).not.toMatch(/Failed query|"query":/);
});

function serverOf(name: string) {
  const servers: RestartableProcess[] = [...stack.broker.servers, ...stack.processes.values()];
  if (stack.database) servers.push(stack.database);
  const pid = servers.find((each) => each.name === name)?.pid() ?? 0;
  expect(pid, name).toBeGreaterThan(0);
  return { kill: (signal: NodeJS.Signals) => process.kill(pid, signal) };
}

let nextRider = 4_800_000;
/** Upstream is judged by calls. */
async function callUpstream(): Promise<void> {
  nextRider += 1;
  await stack.api.call('POST /v1/riders', { body: { riderId: nextRider } });
}

type Expected = Pick<Case, 'part' | 'title' | 'unready'> & { readonly printed: number };

/** @returns what all places say. @throws unless they name this part, and no other */
function namedEverywhere(said: Said, { part, title, unready, printed }: Expected) {
  const about = part === 'api' ? { ...apiDown, since: sinceOf(said.page.api) } : said.down?.[0];
  const { since, reason, advice } = about ?? {};
  if (typeof since !== 'string') throw new Error(`${part} is not named: ${JSON.stringify(said)}`);
  expect(said.down?.map((each) => each.part)).toEqual(part === 'api' ? undefined : [part]);
  const someText = expect.stringMatching(/\w/);
  expect(about).toMatchObject({ title, reason: someText, advice: someText });
  // An alert and a line on the console keep the reason of the moment, which can change.
  if (part !== 'api') expect(said.alerts).toMatchObject([{ title, advice, since }]);
  const text = `${title} since ${dayAndTime(since)}. ${reason} ${advice}`;
  expect(said.page).toEqual({ [part]: text });
  expect(said.pageText.split(title), 'said once').toHaveLength(2);
  expect(said.cli.code).toBe(69);
  if (part === 'api') expect(said.cli.text).toMatch(/^The API at \S+ does not answer.*\. Start it, or/);
  else expect(said.cli.text).toContain(`${title} (since ${dayAndTime(since)}) ${reason} → ${advice}`);
  const raised = part === 'api' ? `ALERT ${title} since ` : `ALERT ${title} since ${dayAndTime(since)}. `;
  const line = lines.slice(printed).find((each) => each.startsWith(raised));
  expect(line, lines.slice(printed).join('\n')).toMatch(new RegExp(`${advice}$`));
  for (const [name, says] of Object.entries(said.ready))
    expect(says, name).toMatch(unready[name] ?? /^ready$/);
  return { since: Date.parse(since), advice: advice ?? '', said };
}

/** The time that a banner of the evening shows. */
function sinceOf(banner = ''): string | undefined {
  const [, day, time] = / since \w+ (\d+ \w+) (\d\d:\d\d:\d\d)\./.exec(banner) ?? [];
  if (day === undefined) return undefined;
  const year = new Date(createClock(stack.clock).now()).getUTCFullYear();
  return new Date(`${day} ${year} ${time} UTC`).toISOString();
}

/** Waits until no place names a part. @param meanwhile called before each look */
async function allIsWell(meanwhile = async () => {}): Promise<void> {
  await eventually(async () => {
    await meanwhile();
    const { down, alerts, page: banners, cli, ready } = await askEverywhere(stack, page);
    expect({ down, alerts, banners, code: cli.code }).toEqual({ down: [], alerts: [], banners: {}, code: 0 });
    expect(ready).toEqual(Object.fromEntries(services.map((name) => [name, 'ready'])));
  });
}

/** Real ms from the last sign of life of a part until its alert, by the system's own times. */
async function alertedAfterMs(part: string, since: number): Promise<number> {
  const resolved = await partAlerts(stack, 'resolved');
  const alert = resolved.find(
    (each) => each.alertId.startsWith(`part_down:${part}`) && Date.parse(each.since) === since,
  );
  if (!alert) throw new Error(`no resolved alert about ${part}`);
  return (Date.parse(alert.raisedAt) - since) / scale;
}

interface Outage extends Pick<Case, 'part' | 'how'> {
  readonly said: Said;
  readonly since: number;
  readonly advice: string;
  readonly alertedAfter: number | undefined;
  readonly alerted: readonly string[];
  readonly recovered: readonly string[];
}

/** A row of the table. */
function rowOf({ part, how, said, since, advice, alertedAfter, alerted, recovered }: Outage): string[] {
  const [down] = said.down ?? [];
  const seconds = alertedAfter === undefined ? '' : `, alert after ${(alertedAfter / 1_000).toFixed(1)} s`;
  const unready = Map.groupBy(
    Object.entries(said.ready).filter(([, says]) => says !== 'ready'),
    ([, says]) => says,
  );
  const texts = [...unready].map(([says, all]) => `${all.map(([name]) => name).join(', ')}: ${says}`);
  if (Object.values(said.ready).includes('ready'))
    texts.push(unready.size === 0 ? 'all ready' : 'the others ready');
  const shown = part === 'api' ? said.cli.text : `${down?.title} (since ${dayAndTime(since)})`;
  return [
    `${part}, ${how}`,
    down ? `${down.title} since ${dayAndTime(since)}${seconds}. ${advice}` : 'does not answer',
    said.page[part] ?? '',
    `${shown} (${said.cli.code})`,
    plain(alerted),
    texts.join('; '),
    `${plain(recovered)}; head empty, exit code 0, all ready`,
  ];
}

/** Lines of the console without the temporary folder. */
const plain = (printed: readonly string[]): string =>
  printed.map((line) => line.replace(/ \(log: .*\)$/, '')).join(' · ');
