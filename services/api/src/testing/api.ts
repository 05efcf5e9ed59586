import { request } from 'node:http';
import { loadConfig } from '@paceline/shared/config';
import type { Service } from '@paceline/shared/contracts';
import { type Database, openDatabase } from '@paceline/shared/database';
import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import { type TestBackend, sharedBackend, timeFor } from '@paceline/shared/testing/backend';
import { testEvening, type TestTime } from '@paceline/shared/testing/time';
import { needed, optional } from '../config.ts';
import { type RunningApi, startApi } from '../service.ts';
import { testLog } from '@paceline/shared/testing';

export const log = testLog('api-test');
export const apiKey = 'a-key-for-tests';

/** An API on a real broker and a real database, asked over real HTTP; the test moves its time. */
export interface TestApi<P extends TestBackend = TestBackend> extends TestTime {
  readonly place: P;
  readonly api: RunningApi;
  readonly db: Database;
  /** The environment that this API was started with. */
  readonly env: Readonly<Record<string, string>>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Another process of the API, beside this one; it is one only as far as they know. */
  startAnother(settings?: ApiSettings): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** The broker as another service, with that service's rights, may use it. */
  busOf(service: Service | 'admin'): Promise<Bus>;
  stop(): Promise<void>;
}

interface ApiSettings {
  readonly env?: Record<string, string>;
}

interface TestSettings<P extends TestBackend> extends ApiSettings {
  /** How much faster than its machine's the API's time goes. */
  readonly scale?: number;
  /** Time goes on by itself, for tests of servers that are slow or away. */
  readonly runs?: boolean;
  /** On the servers that all files share unless given. */
  readonly place?: P;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any answer's fields
  readonly body: any;
}

export async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Asks under any name: fetch would set the Host header itself. */
export const statusUnder = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });

const envAt = (place: TestBackend) => ({
  NATS_URL: place.brokerUrl('api'),
  DATABASE_URL: place.databaseUrl,
  ZWIFTRACING_API_KEY: apiKey,
  API_PORT: '0',
  // The rows of tests are of any time, and none is forgotten meanwhile.
  RETENTION_HISTORY: '40000d',
  RETENTION_EVENTS: '40000d',
  RETENTION_COPIES: '40000d',
  RETENTION_RIDER_HISTORY: '40000d',
});

const requestsTo = (url: string): Pick<TestApi, 'get' | 'post'> => ({
  get: (path, headers) => ask(url + path, headers && { headers }),
  post: (path, body, headers) =>
    ask(url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }),
});

export async function startTestApi<P extends TestBackend = TestBackend>(
  settings: TestSettings<P> = {},
): Promise<TestApi<P>> {
  const place = (settings.place ?? (await sharedBackend())) as P;
  const setting = { scale: settings.scale ?? 1, anchor: testEvening };
  const time = await timeFor(place, setting, settings.runs ?? false);
  const { clock } = time;
  const env = { ...envAt(place), ...settings.env };
  const running = new Set<{ stop(): Promise<void> }>();
  const start = async ({ env: changed }: ApiSettings = {}) => {
    const stopping = new AbortController();
    const config = loadConfig({ ...env, ...changed }, needed, optional);
    const api = await startApi({ name: 'api', config, clock, log, signal: stopping.signal });
    const started = {
      api,
      url: api.url,
      async stop() {
        if (!running.delete(started)) return;
        stopping.abort(new Error('the test is over'));
        await time.during(api.drain().then(() => api.close()));
      },
    };
    running.add(started);
    return started;
  };
  const { api } = await start();
  const database = openDatabase(place.databaseUrl, () => {});
  const buses: Bus[] = [];

  return {
    ...time,
    place,
    api,
    db: database.db,
    env,
    ...requestsTo(api.url),
    startAnother: start,
    async busOf(service) {
      const bus = createBus(
        await connect(place.brokerUrl(service), service === 'admin' ? 'provision' : service),
        log,
      );
      buses.push(bus);
      return bus;
    },
    async stop() {
      await Promise.all([...running].map((each) => each.stop()));
      await Promise.all([...buses.map((bus) => bus.connection.close()), database.close()]);
      await place.close();
    },
  };
}
