import type { ClockSetting } from '@paceline/shared/clock';
import { formatClock } from '@paceline/shared/clock';
import { type Service, services } from '@paceline/shared/contracts';
import { freePort, portIsFree, startPostgres } from '@paceline/shared/embedded';
import { type Broker, externalBroker, preferred, startBroker } from './broker.ts';
import { prepare } from './prepare.ts';
import { type Supervised, supervise } from './process.ts';
import { clockOf, readSettings } from './settings.ts';
import { openState } from './state.ts';
import { waitUntilReady } from './ready.ts';

/** The whole system on this machine, each part a process of its own. */
export interface Stack {
  readonly clock: ClockSetting;
  /** Where the API answers. */
  readonly apiUrl: string;
  /** The sandbox's root (its API is below /api), when there is one. */
  readonly sandboxUrl: string | undefined;
  readonly broker: Broker;
  readonly databaseUrl: string;
  readonly processes: ReadonlyMap<Service | 'sandbox', Supervised>;
  /** Ends everything, callers before those that they call. */
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Where state, logs and secrets are kept. */
  readonly stateFolder: string;
  /** Configuration as people set it, see `.env.example`; passed on to every process. */
  readonly env: NodeJS.ProcessEnv;
  /** Takes a sentence for each step. */
  readonly report: (line: string) => void;
}

const sandboxKey = 'sandbox-key';
const sandboxClub = '20650';

/**
 * Starts what is not there already (broker, database, sandbox), prepares it and runs the five services.
 * @throws {ConfigError} when the configuration is wrong; {Error} in plain words when a part does not come up
 */
export async function startStack({ stateFolder, env, report }: StackOptions): Promise<Stack> {
  const config = readSettings(env);
  const state = await openState(stateFolder);
  const ending: Array<() => Promise<unknown>> = [];
  const stop = async () => {
    for (const end of ending.splice(0).toReversed()) await end();
  };
  try {
    if (config.API_PORT !== 0 && !(await portIsFree(config.API_PORT, config.API_HOST))) {
      throw new Error(
        `Port ${config.API_PORT} is taken (another Paceline?): stop what listens there, or set API_PORT.`,
      );
    }
    const clock = await clockOf(config, env, state);

    report('broker …');
    const broker = config.NATS_URL ? externalBroker(config.NATS_URL) : await startBroker(state, report);
    ending.push(async () => broker.server?.stop());

    report('database …');
    const databaseUrl = config.DATABASE_URL ?? (await embeddedDatabase());
    report('streams and tables …');
    await prepare(broker.adminUrl, databaseUrl);

    const shared: NodeJS.ProcessEnv = { ...env, PACELINE_CLOCK: clock.scale === 1 ? '' : formatClock(clock) };
    const processes = new Map<Service | 'sandbox', Supervised>();
    const run = async (
      name: Service | 'sandbox',
      readyUrl: string,
      script: string,
      more: NodeJS.ProcessEnv,
    ) => {
      const logFile = state.path('logs', `${name}.log`);
      const supervised = supervise({ name, script, env: { ...shared, ...more }, readyUrl, logFile, report });
      processes.set(name, supervised);
      ending.push(() => supervised.stop());
      await supervised.start();
      return supervised;
    };

    const upstream: NodeJS.ProcessEnv = {};
    let sandboxUrl: string | undefined;
    if (!config.ZWIFTRACING_BASE_URL) {
      report('sandbox upstream …');
      const port = String(env.SANDBOX_PORT ?? (await preferred(3010)));
      sandboxUrl = `http://127.0.0.1:${port}`;
      Object.assign(upstream, {
        ZWIFTRACING_BASE_URL: `${sandboxUrl}/api`,
        ZWIFTRACING_API_KEY: config.ZWIFTRACING_API_KEY ?? sandboxKey,
        ZWIFTRACING_CLUB_IDS: env.ZWIFTRACING_CLUB_IDS || sandboxClub,
      });
      const key = `${upstream.ZWIFTRACING_API_KEY}:${config.ZWIFTRACING_TIER ?? 'standard'}`;
      const sandboxEnv = { SANDBOX_PORT: port, SANDBOX_API_KEYS: env.SANDBOX_API_KEYS ?? key };
      const sandbox = await run('sandbox', `${sandboxUrl}/livez`, 'packages/sandbox/src/main.ts', sandboxEnv);
      await waitUntilReady([sandbox]);
    }

    report('services …');
    const apiPort = config.API_PORT || (await freePort());
    const apiUrl = `http://${urlHost(config.API_HOST)}:${apiPort}`;
    const started = [];
    for (const [index, name] of services.entries()) {
      const health = name === 'api' ? undefined : await preferred(3001 + index);
      const readyUrl = `${health ? `http://127.0.0.1:${health}` : apiUrl}/readyz`;
      started.push(
        await run(name, readyUrl, `services/${name}/src/main.ts`, {
          ...upstream,
          NATS_URL: broker.urlFor(name),
          DATABASE_URL: databaseUrl,
          API_PORT: String(apiPort),
          ...(health && { HEALTH_PORT: String(health), HEALTH_HOST: '127.0.0.1' }),
          OTEL_SERVICE_NAME: name,
        }),
      );
    }
    await waitUntilReady(started);
    return { clock, apiUrl, sandboxUrl, broker, databaseUrl, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function embeddedDatabase(): Promise<string> {
    const postgres = await startPostgres({
      dataDir: state.path('postgres', 'data'),
      port: await preferred(5432),
    });
    ending.push(() => postgres.stop());
    return postgres.createDatabase('paceline');
  }
}

/** The host by which this machine reaches what is bound to `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
