import { request } from 'node:http';
import { type MonitoredService, monitoredServices, type Service } from '@paceline/shared/contracts';
import { type Database, openDatabase } from '@paceline/shared/database';
import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import { type TestBackend, sharedBackend, timeFor } from '@paceline/shared/testing/backend';
import { announcePresence } from '@paceline/shared/runtime';
import { testEvening, type TestTime } from '@paceline/shared/testing/time';
import { loadApiConfig } from '../config.ts';
import { type RunningApi, startApi } from '../service.ts';
import { testLog } from '@paceline/shared/testing';

export const log = testLog('api-test');
export const apiKey = 'a-key-for-tests';

/** An API with a real broker and database, called over HTTP. The test controls its clock. */
export interface TestApi<P extends TestBackend = TestBackend> extends TestTime {
  readonly backend: P;
  readonly api: RunningApi;
  readonly db: Database;
  /** The environment variables of this API. */
  readonly env: Readonly<Record<string, string>>;
  get(path: string, headers?: Record<string, string>): Promise<TestResponse>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<TestResponse>;
  /** Starts another API beside this one, like a second process. */
  startAnother(settings?: ApiSettings): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** Announces a process of a service, which then counts as running. */
  announce(service: MonitoredService): Promise<{ leave(): void }>;
  /** Connects to the broker with the permissions of another service. */
  busOf(service: Service | 'admin'): Promise<Bus>;
  stop(): Promise<void>;
}

interface ApiSettings {
  readonly env?: Record<string, string>;
}

interface TestSettings<P extends TestBackend> extends ApiSettings {
  /** Speed of the API's clock, relative to the machine's. */
  readonly scale?: number;
  /** When its time starts; default: an evening. */
  readonly anchor?: number;
  /** The clock runs on its own, for tests with slow or stopped servers. */
  readonly runs?: boolean;
  /** The services that announce a process; default: all. */
  readonly running?: readonly MonitoredService[];
  /** Default: on the servers that all test files share. */
  readonly backend?: P;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text if it isn't JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any response's fields
  readonly body: any;
}

export async function send(url: string, init?: RequestInit): Promise<TestResponse> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Sends a request with any Host header, which fetch would set itself. */
export const statusWithHost = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });

const envFor = (backend: TestBackend) => ({
  NATS_URL: backend.brokerUrl('api'),
  DATABASE_URL: backend.databaseUrl,
  ZWIFTRACING_API_KEY: apiKey,
  API_PORT: '0',
  // Test rows can have any age and must not be deleted.
  RETENTION_HISTORY: '40000d',
  RETENTION_EVENTS: '40000d',
  RETENTION_COPIES: '40000d',
  RETENTION_RIDER_HISTORY: '40000d',
});

const requestsTo = (url: string): Pick<TestApi, 'get' | 'post'> => ({
  get: (path, headers) => send(url + path, headers && { headers }),
  post: (path, body, headers) =>
    send(url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }),
});

export async function startTestApi<P extends TestBackend = TestBackend>(
  settings: TestSettings<P> = {},
): Promise<TestApi<P>> {
  const backend = (settings.backend ?? (await sharedBackend())) as P;
  const setting = { scale: settings.scale ?? 1, anchor: settings.anchor ?? testEvening };
  const time = await timeFor(backend, setting, settings.runs ?? false);
  const { clock } = time;
  const env = { ...envFor(backend), ...settings.env };
  const running = new Set<{ stop(): Promise<void> }>();
  const start = async ({ env: changed }: ApiSettings = {}) => {
    const stopping = new AbortController();
    const config = loadApiConfig({ ...env, ...changed });
    const api = await startApi({ name: 'api', config, clock, log, signal: stopping.signal });
    const started = {
      api,
      url: api.url,
      async stop() {
        if (!running.delete(started)) return;
        stopping.abort(new Error('the test has ended'));
        await time.during(api.drain().then(() => api.close()));
      },
    };
    running.add(started);
    return started;
  };
  const { api } = await start();
  const database = openDatabase(backend.databaseUrl, () => {});
  const buses: Bus[] = [];
  const announced: Array<{ leave(): void }> = [];
  async function busOf(service: Service | 'admin'): Promise<Bus> {
    const name = service === 'admin' ? 'provision' : service;
    const bus = createBus(await connect(backend.brokerUrl(service), name), log);
    buses.push(bus);
    return bus;
  }
  async function announce(service: MonitoredService) {
    const bus = await busOf(service);
    const presence = announcePresence({ service, bus, checks: {}, machine: clock.machine });
    announced.push(presence);
    return presence;
  }
  for (const service of settings.running ?? monitoredServices) await announce(service);

  return {
    ...time,
    backend,
    api,
    db: database.db,
    env,
    ...requestsTo(api.url),
    startAnother: start,
    busOf,
    announce,
    async stop() {
      for (const presence of announced) presence.leave();
      await Promise.all([...running].map((each) => each.stop()));
      await Promise.all([...buses.map((bus) => bus.connection.close()), database.close()]);
      await backend.close();
    },
  };
}
