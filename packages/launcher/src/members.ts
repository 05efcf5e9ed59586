import { services } from '@paceline/shared/contracts';
import { freePort } from '@paceline/shared/embedded';
import type { Broker } from './broker.ts';
import type { Crew } from './crew.ts';
import type { FindPort } from './ports.ts';
import { waitUntilReady } from './ready.ts';
import { type Route, routed } from './route.ts';
import type { LauncherConfig } from './settings.ts';

const sandboxKey = 'sandbox-key';
const sandboxClub = '20650';

/** A sandbox, and how the services find it. */
export interface RunningSandbox {
  /** Its root; its API is below /api. */
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the sandbox upstream and waits until it answers. */
export async function runSandbox(
  crew: Crew,
  config: LauncherConfig,
  env: NodeJS.ProcessEnv,
  findPort: FindPort,
): Promise<RunningSandbox> {
  const port = String(env.SANDBOX_PORT ?? (await findPort(3010)));
  const url = `http://127.0.0.1:${port}`;
  const key = config.ZWIFTRACING_API_KEY ?? sandboxKey;
  const sandbox = await crew.run({
    name: 'sandbox',
    script: 'packages/sandbox/src/main.ts',
    readyUrl: `${url}/livez`,
    env: {
      SANDBOX_PORT: port,
      SANDBOX_API_KEYS: env.SANDBOX_API_KEYS ?? `${key}:${config.ZWIFTRACING_TIER ?? 'standard'}`,
    },
  });
  await waitUntilReady([sandbox]);
  return {
    url,
    env: {
      ZWIFTRACING_BASE_URL: `${url}/api`,
      ZWIFTRACING_API_KEY: key,
      ZWIFTRACING_CLUB_IDS: env.ZWIFTRACING_CLUB_IDS || sandboxClub,
    },
  };
}

/** The first of the ports at which the services beside the API tell their health. */
const firstHealthPort = 3001;

/** Starts the five services, each as its own user of the broker, and waits until all are ready. Returns the API's URL. */
export async function runServices(
  crew: Crew,
  config: LauncherConfig,
  broker: Broker,
  env: NodeJS.ProcessEnv,
  findPort: FindPort,
  route: Route | undefined,
): Promise<string> {
  const apiPort = config.API_PORT || (await freePort());
  const apiUrl = `http://${urlHost(config.API_HOST)}:${apiPort}`;
  const started = [];
  for (const [index, name] of services.entries()) {
    const health = name === 'api' ? undefined : await findPort(firstHealthPort + index);
    const its = { ...env, NATS_URL: broker.urlFor(name) };
    const member = await crew.run({
      name,
      script: `services/${name}/src/main.ts`,
      readyUrl: `${health ? `http://127.0.0.1:${health}` : apiUrl}/readyz`,
      env: {
        ...(await routed(name, its, route)),
        API_PORT: String(apiPort),
        ...(health && { HEALTH_PORT: String(health), HEALTH_HOST: '127.0.0.1' }),
        OTEL_SERVICE_NAME: name,
      },
    });
    started.push(member);
  }
  await waitUntilReady(started);
  return apiUrl;
}

/** The host by which this machine reaches what is bound to `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
