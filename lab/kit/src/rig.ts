import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type SpawnedProcess, freePort, spawnChild } from '@paceline/embedded';
import { type SandboxOptions, startSandbox } from '@paceline/sandbox';
import { type ClockSetting, createClock, formatClock } from '@paceline/shared/clock';
import { catalog, permissionsOf, type Service, type WindowsView } from '@paceline/shared/contracts';
import { migrate } from '@paceline/shared/database';
import { type BudgetName } from '@paceline/shared/definition';
import { accountOf, createLimiters, partitionOf } from '@paceline/shared/limiter';
import { connect, createBus, provision, request } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually, testNats, testPostgres } from '@paceline/shared/testing';
import { createZwiftRacing } from '@paceline/shared/zwiftracing';
import { pathsOf } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';

/** Limiter processes on a real broker, a sandbox upstream and callers. */
export type Rig = Awaited<ReturnType<typeof startRig>>;
/** A client that calls upstream with permits. */
export type Caller = ReturnType<Rig['caller']>;
export type LimiterProcess = ReturnType<typeof limiterProcess>;

const { zwiftracing: definition } = loadUpstreams({});
const [events = ''] = pathsOf(definition.endpoints.events);
const [signups = ''] = pathsOf(definition.endpoints.signups);

/** The first call of a budget, for an arbitrary id. */
function requestOf(budget: BudgetName): { path: string; body?: unknown } {
  const endpoint = definition.endpoints[budget];
  const [path = ''] = pathsOf(endpoint);
  const isPost = endpoint.calls[0]?.startsWith('POST');
  return { path: path.replace(':id', '20650'), ...(isPost && { body: [4_500_001] }) };
}

const services: readonly Service[] = ['limiter', 'rider-sync', 'api'];

/** Broker users: `admin` with all permissions, and services with their own. */
export const rigUsers = [
  { user: 'admin', password: 'p', publish: ['>'], subscribe: ['>'] },
  ...services.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
];

/** The broker's URL for one of the rig's users. */
export const urlAs = (url: string, user: Service | 'admin'): string => url.replace('//', `//${user}:p@`);

const script = join(import.meta.dirname, '../../../services/limiter/src/main.ts');
const auditor = join(import.meta.dirname, '../../auditor/src/main.ts');

export async function startRig(
  setting: ClockSetting,
  replicas: number,
  options: Omit<SandboxOptions, 'clock'>,
) {
  const clock = createClock(setting);
  const log = createLogger('rig', 'error');
  const folder = await mkdtemp(join(tmpdir(), 'paceline-rig-'));
  const [nats, postgres] = await Promise.all([testNats({ users: rigUsers }), testPostgres()]);
  await migrate(postgres.url);
  const urlFor = (user: Service | 'admin') => urlAs(nats.url, user);
  const open = async (user: Service | 'admin', as: Service | 'provision') =>
    createBus(await connect(urlFor(user), as), log);
  const admin = await open('admin', 'provision');
  await provision(admin.connection);
  const [callers, operator] = await Promise.all([open('rider-sync', 'rider-sync'), open('api', 'api')]);
  const sandbox = await startSandbox({ ...options, clock });
  const env = {
    NATS_URL: urlFor('limiter'),
    DATABASE_URL: postgres.url,
    PACELINE_CLOCK: formatClock(setting),
  };
  const limiters = Array.from({ length: replicas }, (_, index) =>
    limiterProcess(env, join(folder, `limiter-${index}.log`)),
  );
  await Promise.all(limiters.map((each) => each.start()));
  const limitersOf = createLimiters(callers, clock);

  return {
    clock,
    nats,
    sandbox,
    limiters,
    /** Has all permissions; tests subscribe through it. */
    admin,
    caller(key: string) {
      const limiter = limitersOf.of(accountOf(key));
      const upstream = createZwiftRacing({
        definition,
        baseUrl: sandbox.url,
        apiKey: key,
        clock,
        paths: { events, signups },
      });
      return {
        /** Makes a call with a permit, in the lane with reserved permits. @throws {UpstreamError} */
        async call(endpoint: BudgetName, signal?: AbortSignal): Promise<void> {
          const request = { endpoint, lane: 'manual_rider_add', ...(signal && { signal }) } as const;
          await limiter.withPermit(request, (permit) =>
            upstream.call(permit, requestOf(endpoint), (json) => json),
          );
        },
      };
    },
    /** Result of `npm run audit` for the journal and the sandbox's arrivals. */
    audit: () => auditedBy(urlFor('admin'), new URL(sandbox.url).origin),
    /** A key's windows as an operator sees them, from the limiter that owns them. */
    windows(key: string): Promise<WindowsView> {
      const account = accountOf(key);
      const requestWindows = () =>
        request(operator, catalog.windows, { partition: partitionOf(account) }, { account }, 1_000);
      return eventually(requestWindows, { timeoutMs: 30_000 });
    },
    async stop() {
      await limitersOf.close();
      await Promise.all(limiters.map((each) => each.kill('SIGKILL')));
      await Promise.all([admin, callers, operator].map(({ connection }) => connection.close()));
      await Promise.all([
        sandbox.close(),
        nats.stop(),
        postgres.stop(),
        rm(folder, { recursive: true, force: true }),
      ]);
    },
  };
}

/** Runs `npm run audit` on a broker's journal. */
export async function runAuditor(natsUrl: string, args: readonly string[], upstreams?: string) {
  const child = spawn(process.execPath, [auditor, ...args], {
    env: { PATH: process.env.PATH, NATS_URL: natsUrl, ...(upstreams && { UPSTREAMS: upstreams }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, out, error };
}

/** Audits a broker's journal and the arrivals at sandboxes. @param upstreams as in `UPSTREAMS` */
export async function auditedBy(natsUrl: string, sandboxUrl: string | readonly string[], upstreams?: string) {
  const args = [sandboxUrl].flat().flatMap((url) => ['--sandbox', url]);
  const { code, out, error } = await runAuditor(natsUrl, args, upstreams);
  return { certified: code === 0, report: out + error };
}

function limiterProcess(env: NodeJS.ProcessEnv, logFile: string) {
  let child: SpawnedProcess | undefined;
  return {
    async kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
      child?.kill(signal);
      if (signal === 'SIGKILL') await child?.exited;
    },
    async start(): Promise<void> {
      child = await spawnLimiter(env, logFile);
    },
  };
}

/** Starts a limiter process and waits until it is ready. @param env broker, database and clock */
export async function spawnLimiter(env: NodeJS.ProcessEnv, logFile: string): Promise<SpawnedProcess> {
  const port = await freePort();
  const child = await spawnChild({
    command: [process.execPath, script],
    env: { PATH: process.env.PATH, HEALTH_PORT: String(port), ...env },
    logFile,
    keepLog: true,
    stopSignal: 'SIGTERM',
  });
  await eventually(
    async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}/readyz`);
      if (status !== 200) throw new Error(`limiter not ready, see ${logFile}`);
    },
    { timeoutMs: 60_000 },
  );
  return child;
}
