import { freePort } from '@paceline/embedded';
import { type Service, services } from '@paceline/shared/contracts';
import type { BrokerAccess } from './broker.ts';
import { type FindPort, type ProcessGroup, waitUntilReady } from './processes.ts';
import type { LauncherConfig } from './settings.ts';

const targets = { NATS_URL: 'broker', DATABASE_URL: 'database', ZWIFTRACING_BASE_URL: 'upstream' } as const;

/** Returns the URL by which a service reaches a target at `url`, e.g. that of a proxy that simulates a bad network. */
export type ServiceRoute = (
  service: string,
  target: (typeof targets)[keyof typeof targets],
  url: string,
) => Promise<string>;

async function routed(
  service: string,
  env: NodeJS.ProcessEnv,
  route: ServiceRoute | undefined,
): Promise<NodeJS.ProcessEnv> {
  const result = { ...env };
  for (const [variable, target] of Object.entries(targets)) {
    const url = env[variable];
    if (route && url) result[variable] = await route(service, target, url);
  }
  return result;
}

/** Starts the sandbox. Returns its root URL (the API is below /api) and the variables that services need for it. */
export async function runSandbox(
  group: ProcessGroup,
  config: LauncherConfig,
  env: NodeJS.ProcessEnv,
  findPort: FindPort,
): Promise<{ url: string; env: NodeJS.ProcessEnv }> {
  const port = String(env.SANDBOX_PORT ?? (await findPort(3010)));
  const url = `http://127.0.0.1:${port}`;
  const key = config.ZWIFTRACING_API_KEY ?? 'sandbox-key';
  const sandbox = await group.run({
    name: 'sandbox',
    script: 'local/sandbox/src/main.ts',
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
      ZWIFTRACING_CLUB_IDS: env.ZWIFTRACING_CLUB_IDS || '20650',
    },
  };
}

const firstHealthPort = 3001;
const secondApiPort = 3021;

/** Starts all services, each as its own broker user, and waits until they are ready. Returns the API's URLs. */
export async function runServices(
  group: ProcessGroup,
  config: LauncherConfig,
  broker: BrokerAccess,
  env: NodeJS.ProcessEnv,
  findPort: FindPort,
  route: ServiceRoute | undefined,
): Promise<string[]> {
  const apiUrls: string[] = [];
  const started = [];
  for (const service of services) {
    for (let replica = 1; replica <= config.PACELINE_REPLICAS[service]; replica += 1) {
      const name = replica === 1 ? service : `${service}-${replica}`;
      const serviceEnv = { ...env, NATS_URL: broker.urlFor(service), OTEL_SERVICE_NAME: service };
      const address = await addressOf(service, replica, config, findPort);
      if (service === 'api') apiUrls.push(address.url);
      const process = await group.run({
        name,
        script: `services/${service}/src/main.ts`,
        readyUrl: `${address.url}/readyz`,
        env: { ...(await routed(name, serviceEnv, route)), ...address.env },
      });
      started.push(process);
    }
  }
  await waitUntilReady(started);
  return apiUrls;
}

async function addressOf(
  service: Service,
  replica: number,
  { API_HOST, API_PORT, API_TLS_CERT, API_SHUTDOWN_DELAY }: LauncherConfig,
  findPort: FindPort,
): Promise<{ url: string; env: NodeJS.ProcessEnv }> {
  if (service === 'api') {
    const port = replica > 1 ? await findPort(secondApiPort + replica - 2) : API_PORT || (await freePort());
    // No load balancer to wait for, unless one is configured.
    const atOnce = API_SHUTDOWN_DELAY === undefined ? { API_SHUTDOWN_DELAY: '0s' } : {};
    const scheme = API_TLS_CERT === undefined ? 'http' : 'https';
    return { url: `${scheme}://${urlHost(API_HOST)}:${port}`, env: { API_PORT: String(port), ...atOnce } };
  }
  const usual = firstHealthPort + services.indexOf(service);
  const port = replica > 1 ? await freePort() : await findPort(usual);
  return { url: `http://127.0.0.1:${port}`, env: { HEALTH_PORT: String(port), HEALTH_HOST: '127.0.0.1' } };
}

/** The host part of the URL by which this machine reaches a server bound to `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
