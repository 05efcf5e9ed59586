import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { type Child, freePort, spawnChild } from '@paceline/embedded';
import { auditedBy } from '@paceline/kit/rig';
import { type Stack, type StackOptions, sandboxClock } from '@paceline/launcher';
import { formatClock } from '@paceline/shared/clock';
import { type Service, services } from '@paceline/shared/contracts';
import { eventually } from '@paceline/shared/testing';

// Starts the system as it was at a commit and, under load, replaces one service after the other by today's:
// `npm run lab -- upgrade --from COMMIT`. Exit code 0: nothing was lost, nothing rejected.
// It goes back to the commit of the baseline: nothing was released before, and no database of before is migrated.

const { values } = parseArgs({ options: { from: { type: 'string' } } });
if (!values.from) {
  console.error('npm run lab -- upgrade --from COMMIT');
  process.exit(2);
}
const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const baseline = 'packages/shared/src/database/migrations/0000_baseline.sql';
await run('git', ['-C', root, 'cat-file', '-e', `${values.from}:${baseline}`]).catch(() => {
  console.error(
    `${values.from} is no commit with the baseline migration: nothing before it was released, so nothing before it is upgraded`,
  );
  process.exit(2);
});
const folder = await mkdtemp(join(tmpdir(), 'paceline-upgrade-'));
const old = join(folder, 'old');
const setting = sandboxClock(Date.now(), 120);
const key = 'sandbox-key';
const patient = { timeoutMs: 120_000 };
const newcomers: Child[] = [];
const commands: string[] = [];
let stack: Stack | undefined;
let loading = true;
let refused = 0;

/** The APIs that may be asked: while one is replaced the other answers. */
const apis: string[] = [];

const say = (line: string) => console.log(line);

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${apis.at(-1)}${path}`)).json()) as T;
}

/** A rider twice a second, through whichever API is the newest. */
async function load(): Promise<void> {
  for (let riderId = 4_650_000; loading; riderId += 1) {
    const body = JSON.stringify({ riderId });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${apis.at(-1)}/v1/riders`, { method: 'POST', headers, body }).catch(
      () => undefined,
    );
    if (answer?.status === 202) commands.push(((await answer.json()) as { commandId: string }).commandId);
    else refused += 1;
    await sleep(500);
  }
}

/** Today's service beside the old one, then alone. */
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
  newcomers.push(child);
  await eventually(async () => {
    const answer = await fetch(`${url}/readyz`);
    if (!answer.ok) throw new Error(`today's ${name} is not ready: ${await answer.text()}`);
  }, patient);
  if (name === 'api') apis.push(url);
  const before = commands.length;
  await enough(before + 6);
  await running.processes.get(name)?.stop();
  await enough(before + 12);
  say(
    `${name}: old and new side by side for ${commands.length - before - 6} commands, then the new one alone`,
  );
}

const enough = (count: number) =>
  eventually(() => {
    if (commands.length < count) throw new Error(`only ${commands.length} commands were taken`);
  }, patient);

/** How every command stands; none may be left, and none may be unknown. */
async function ended(): Promise<Record<string, number>> {
  return eventually(async () => {
    const states: Record<string, number> = {};
    for (const id of commands) {
      const { state } = await get<{ state: string }>(`/v1/commands/${id}`);
      states[state] = (states[state] ?? 0) + 1;
    }
    const known = ['done', 'failed', 'expired'];
    const others = Object.keys(states).filter((state) => !known.includes(state));
    if (others.length > 0) throw new Error(`commands that have not ended: ${JSON.stringify(states)}`);
    return states;
  }, patient);
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
  say(`the system of ${values.from} runs`);
  const loaded = load();
  await enough(10);
  const env = { ...process.env, NATS_URL: running.broker.adminUrl, DATABASE_URL: running.databaseUrl };
  await run(process.execPath, [join(root, 'local/launcher/src/provision.ts')], { env });
  say('streams and tables are of today; all services are old');
  for (const name of services) await replace(name, running);
  loading = false;
  await loaded;
  const states = await ended();
  const { items: failed } = await get<{ items: unknown[] }>('/v1/runs?state=failed');
  const judged = (await (await fetch(`${running.sandboxUrl}/control/judgement`)).json()) as {
    judgements: Array<{ calls: number; rejected: number; fullestWindow: number; policy: { limit: number } }>;
  };
  const { certified, report } = await auditedBy(running.broker.adminUrl, running.sandboxUrl ?? '');
  const sum = (count: (each: (typeof judged.judgements)[number]) => number) =>
    judged.judgements.reduce((all, each) => all + count(each), 0);
  const rejected = sum((each) => each.rejected);
  const overFull = sum(({ fullestWindow, policy }) => (fullestWindow > policy.limit ? 1 : 0));
  say(`${commands.length} commands accepted: ${JSON.stringify(states)}; ${refused} not accepted`);
  say(
    `${sum((each) => each.calls)} calls, ${rejected} rejected, ${overFull} windows over-full; ${failed.length} runs failed`,
  );
  say(certified ? 'the journal, of old and new limiters, is certified' : report);
  return rejected === 0 && overFull === 0 && failed.length === 0 && certified;
}

const passed = await trial().catch((error: unknown) => {
  console.error(error);
  return false;
});
loading = false;
for (const child of newcomers.toReversed()) await child.stop();
await stack?.stop();
await run('git', ['-C', root, 'worktree', 'remove', '--force', old]).catch(() => undefined);
await rm(folder, { recursive: true, force: true });
say(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);
