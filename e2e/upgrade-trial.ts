import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { type SpawnedProcess, freePort, spawnChild } from '@paceline/embedded';
import { auditedBy } from '@paceline/kit/rig';
import { type Stack, type StackOptions, sandboxClock } from '@paceline/launcher';
import { formatClock } from '@paceline/shared/clock';
import { type Service, services } from '@paceline/shared/contracts';
import { eventually } from '@paceline/shared/testing';

// Starts the system of an older commit and, under load, replaces its services one by one with the current ones:
// `npm run lab -- upgrade --from COMMIT`. Exit code 0: nothing was lost or rejected.
// The oldest possible commit is that of the baseline migration: earlier databases are not migrated.

const { values } = parseArgs({ options: { from: { type: 'string' } } });
if (!values.from) {
  console.error('Usage: npm run lab -- upgrade --from COMMIT');
  process.exit(2);
}
const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const baseline = 'packages/shared/src/database/migrations/0000_baseline.sql';
await run('git', ['-C', root, 'cat-file', '-e', `${values.from}:${baseline}`]).catch(() => {
  console.error(
    `${values.from} is not a commit with the baseline migration: databases from before it cannot be upgraded`,
  );
  process.exit(2);
});
const folder = await mkdtemp(join(tmpdir(), 'paceline-upgrade-'));
const old = join(folder, 'old');
const setting = sandboxClock(Date.now(), 120);
const key = 'sandbox-key';
const waitOptions = { timeoutMs: 120_000 };
const newServices: SpawnedProcess[] = [];
const commands: string[] = [];
let stack: Stack | undefined;
let loading = true;
let rejectedCommands = 0;

/** The URLs of the old and then the new API. */
const apis: string[] = [];

const print = (line: string) => console.log(line);

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${apis.at(-1)}${path}`)).json()) as T;
}

/** Adds a rider twice a second through the newest API. */
async function load(): Promise<void> {
  for (let riderId = 4_650_000; loading; riderId += 1) {
    const body = JSON.stringify({ riderId });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${apis.at(-1)}/v1/riders`, { method: 'POST', headers, body }).catch(
      () => undefined,
    );
    if (response?.status === 202) commands.push(((await response.json()) as { commandId: string }).commandId);
    else rejectedCommands += 1;
    await sleep(500);
  }
}

/** Runs the current service beside the old one, then alone. */
async function replace(name: Service, running: Stack): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await spawnChild({
    command: [process.execPath, join(root, 'services', name, 'src/main.ts')],
    env: {
      PATH: process.env.PATH,
      PACELINE_CLOCK: formatClock(setting),
      NATS_URL: running.broker.urlFor(name),
      DATABASE_URL: running.databaseUrl,
      ZWIFTRACING_BASE_URL: `${running.sandboxUrl}/api`,
      ZWIFTRACING_API_KEY: key,
      ZWIFTRACING_CLUB_IDS: '20650',
      ...(name === 'api'
        ? { API_PORT: String(port) }
        : { HEALTH_PORT: String(port), HEALTH_HOST: '127.0.0.1' }),
    },
    logFile: join(folder, `new-${name}.log`),
    stopSignal: 'SIGTERM',
  });
  newServices.push(child);
  await eventually(async () => {
    const response = await fetch(`${url}/readyz`);
    if (!response.ok) throw new Error(`the new ${name} is not ready: ${await response.text()}`);
  }, waitOptions);
  if (name === 'api') apis.push(url);
  const before = commands.length;
  await commandsAccepted(before + 6);
  await running.processes.get(name)?.stop();
  await commandsAccepted(before + 12);
  print(`${name}: replaced; old and new ran side by side for at least 6 commands`);
}

const commandsAccepted = (count: number) =>
  eventually(() => {
    if (commands.length < count) throw new Error(`only ${commands.length} commands accepted`);
  }, waitOptions);

/** Waits until every command has finished. Returns the number of commands by state. */
async function finalStates(): Promise<Record<string, number>> {
  return eventually(async () => {
    const states: Record<string, number> = {};
    for (const id of commands) {
      const { state } = await get<{ state: string }>(`/v1/commands/${id}`);
      states[state] = (states[state] ?? 0) + 1;
    }
    const final = ['done', 'failed', 'expired'];
    const others = Object.keys(states).filter((state) => !final.includes(state));
    if (others.length > 0) throw new Error(`unfinished commands: ${JSON.stringify(states)}`);
    return states;
  }, waitOptions);
}

async function trial(): Promise<boolean> {
  await run('git', ['-C', root, 'worktree', 'add', '--detach', old, String(values.from)]);
  await run('npm', ['run', '-s', 'setup'], { cwd: old });
  const { startStack } = (await import(join(old, 'local/launcher/src/index.ts'))) as {
    startStack(options: StackOptions): Promise<Stack>;
  };
  const running = (stack = await startStack({
    stateFolder: join(folder, 'state'),
    env: { ...process.env, PACELINE_CLOCK: formatClock(setting), API_PORT: '0', ZWIFTRACING_API_KEY: key },
    report: () => undefined,
    findPort: () => freePort(),
  }));
  apis.push(running.apiUrl);
  print(`started the system of ${values.from}`);
  const loaded = load();
  await commandsAccepted(10);
  const { adminUrl: NATS_URL, monitorUrls } = running.broker;
  const NATS_MONITOR_URL = monitorUrls.join(',');
  const env = { ...process.env, NATS_URL, NATS_MONITOR_URL, DATABASE_URL: running.databaseUrl };
  await run(process.execPath, [join(root, 'local/launcher/src/provision.ts')], { env });
  print('upgraded streams and tables; all services are still old');
  for (const name of services) await replace(name, running);
  loading = false;
  await loaded;
  const states = await finalStates();
  const { items: failed } = await get<{ items: unknown[] }>('/v1/runs?state=failed');
  const { judgements } = (await (await fetch(`${running.sandboxUrl}/control/judgement`)).json()) as {
    judgements: Array<{ calls: number; rejected: number; fullestWindow: number; policy: { limit: number } }>;
  };
  const { certified, report } = await auditedBy(running.broker.adminUrl, running.sandboxUrl ?? '');
  const sum = (count: (each: (typeof judgements)[number]) => number) =>
    judgements.reduce((all, each) => all + count(each), 0);
  const rejected = sum((each) => each.rejected);
  const exceeded = sum(({ fullestWindow, policy }) => (fullestWindow > policy.limit ? 1 : 0));
  print(`${commands.length} commands accepted: ${JSON.stringify(states)}; ${rejectedCommands} rejected`);
  print(
    `${sum((each) => each.calls)} calls, ${rejected} rejected, ${exceeded} windows exceeded; ${failed.length} runs failed`,
  );
  print(certified ? 'the journal of old and new limiters is certified' : report);
  return rejected === 0 && exceeded === 0 && failed.length === 0 && certified;
}

const passed = await trial().catch((error: unknown) => {
  console.error(error);
  return false;
});
loading = false;
for (const child of newServices.toReversed()) await child.stop();
await stack?.stop();
await run('git', ['-C', root, 'worktree', 'remove', '--force', old]).catch(() => undefined);
await rm(folder, { recursive: true, force: true });
print(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);
